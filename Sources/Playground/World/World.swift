import Controller
import Foundation
import Glibc
import Mesh
import Reactor

/// The world of one playground: nodes, pods, the mesh's programs, and the hand that keeps them as the manifests say.
///
/// One thread, one reactor. What happens only marks the world as changed; `step` then compares what should be with what is
/// and does what is missing, so that it matters little in which order things happened.
final class World {
    static let mesh = MeshSettings()

    struct Settings {
        var manifests: String
        var nodes: Int
        /// Where the mesh's programs are.
        var programs: String
        var layout = Layout.standard
    }

    private static let stepMilliseconds: UInt64 = 100
    private static let lookMilliseconds: UInt64 = 1_000
    /// What is complete for this long is not about to change again.
    private static let settlingMilliseconds: UInt64 = 500

    let settings: Settings
    let reactor: Reactor
    let children: Children
    private let display: any Display
    private var layout: Layout { settings.layout }

    private(set) var nodes: [Node] = []
    private(set) var pods: [NamespacedName: RunningPod] = [:]
    private(set) var table = ConnectionTable()
    private var watch: ManifestWatch
    /// What the manifests ask for; of what is wrong in them, what it was before.
    private var user: [KubernetesObject] = []
    private var made: Set<ObjectReference> = []
    private(set) var problems: [String] = []
    private var podAddresses = PodAddresses()
    private var serviceAddresses = ServiceAddresses()
    private var stateDirectory: StateDirectory
    private(set) var state: WorldState
    /// When what the mesh is told of the world last changed.
    private var toldNanoseconds: UInt64 = 0
    private(set) var controller: RunningController?
    private var server: StatusServer?
    private var signals: Signals?
    private var proofs: Proofs?
    /// Nil until all is there for the first time, and after that when it was.
    private var completeNanoseconds: UInt64?
    private(set) var phase = WorldStatus.Phase.starting
    private var hasChanged = true
    private var lastLookNanoseconds: UInt64 = 0
    private var isEnding = false

    var nowMilliseconds: UInt64 { reactor.nowNanoseconds / 1_000_000 }

    init(_ settings: Settings, display: any Display) throws {
        self.settings = settings
        self.display = display
        reactor = Reactor(kernel: try LinuxKernel())
        children = Children(reactor: reactor, journal: try Journal(path: settings.layout.journal))
        let layout = settings.layout
        for folder in [layout.applied, layout.madeObjects] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        watch = ManifestWatch(
            directories: [settings.manifests, layout.applied], madeObjects: layout.madeObjects,
            nodes: Set((1...settings.nodes).map(Node.name)))
        stateDirectory = StateDirectory(path: settings.layout.state)
        state = WorldState(user: [], nodes: [], pods: [], addresses: &serviceAddresses)
    }

    // MARK: Beginning

    /// Reads the manifests for the first time, when there is no last good state to go on with.
    func firstLook() throws {
        guard let look = watch.changes() else { return }
        take(look)
        let text = look.diagnostics.map(\.description).joined(separator: "\n")
        guard look.isSound else { throw CommandFailure("the manifests cannot be taken as they are\n\(text)") }
        if !text.isEmpty { display.say(text) }
    }

    /// Makes the world as it is before its first pod.
    func build() throws {
        // From here on a signal must not end the process before what it made is removed.
        signals = try Signals([SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGWINCH], on: reactor) { [weak self] in
            self?.received($0)
        }
        let files = FileManager.default
        for folder in [layout.podLogs, layout.captures] {
            try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        try Node.makeLink(layout, children: children)
        // It begins while the nodes are made.
        try publish()
        try startController()
        let zone = DNSZone(domain: Self.mesh.clusterDomain)
        for number in 1...settings.nodes {
            nodes.append(
                try Node(
                    number: number, of: settings.nodes, layout: layout, reactor: reactor, children: children, zone: zone
                ))
        }
        try publish()
        server = try StatusServer(at: layout.socket, reactor: reactor) { [weak self] in self?.status.json ?? [] }
    }

    private func startController() throws {
        let controller = try RunningController(
            from: settings.programs, manifests: settings.manifests, layout: layout, reactor: reactor,
            children: children
        ) { [weak self] in self?.hasChanged = true }
        controller.program.start()
        self.controller = controller
    }

    /// Nodes take part once there is somebody to tell them of the mesh.
    private func startNodes() {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        for node in nodes where node.programs.isEmpty {
            node.startPrograms(from: settings.programs, threads: max(1, cores / settings.nodes)) { [weak self] in
                self?.hasChanged = true
            }
        }
    }

    /// The shop's claims are proved once it is in force.
    func prove(_ proofs: Proofs) { self.proofs = proofs }

    // MARK: Running

    /// Runs until a signal ends it; then removes everything. Returns whether all that was claimed was proved.
    func run() throws -> Bool {
        schedule()
        try reactor.run()
        return proofs?.hasFailed != true
    }

    private func received(_ signal: CInt) {
        switch signal {
        case SIGCHLD: children.reap()
        case SIGWINCH: display.resized()
        case _ where isEnding: reactor.stop()
        default: end()
        }
    }

    private func schedule() {
        _ = reactor.after(milliseconds: Self.stepMilliseconds) { [weak self] in
            self?.step()
            self?.schedule()
        }
    }

    private func step() {
        guard !isEnding else { return endIfAllIsOver() }
        lookAtManifests()
        lookAtMesh()
        readLogs()
        for pod in pods.values { pod.step(isWanted: isWanted(pod)) }
        if hasChanged { reconcile() }
        advance()
        display.refresh(status, table)
    }

    /// From starting to ready, by way of what is to be proved.
    private func advance() {
        switch phase {
        case .starting:
            guard !hasChanged, waitingFor.isEmpty else {
                completeNanoseconds = nil
                return
            }
            let since = completeNanoseconds ?? reactor.nowNanoseconds
            completeNanoseconds = since
            guard reactor.nowNanoseconds >= since + Self.settlingMilliseconds * 1_000_000 else { return }
            phase = .proving
        case .proving:
            guard let proofs else { return phase = .ready }
            proofs.step(self)
            if proofs.isOver { phase = proofs.hasFailed ? .failed : .ready }
        case .ready, .failed: return
        }
    }

    var proofResults: [WorldStatus.Proof] { proofs?.results ?? [] }

    // MARK: What should be

    private func lookAtManifests() {
        // What the controller makes of the manifests belongs to the beginning.
        let pause = phase == .starting ? Self.stepMilliseconds : Self.lookMilliseconds
        guard reactor.nowNanoseconds >= lastLookNanoseconds + pause * 1_000_000 else { return }
        lastLookNanoseconds = reactor.nowNanoseconds
        LogFiles.trim(layout, nodes: nodes.map(\.name))
        guard let look = watch.changes() else { return }
        take(look)
        guard look.isByUser else { return }
        for diagnostic in look.diagnostics { display.say(diagnostic.description) }
        display.say(look.isSound ? "manifests changed: applied" : "manifests changed: what is wrong stays as it was")
    }

    private func take(_ look: ManifestWatch.Look) {
        problems = look.diagnostics.map(\.description)
        (user, made) = (look.objects, look.made)
        hasChanged = true
        toldNanoseconds = reactor.nowNanoseconds
    }

    /// How far the controller and the proxies are; renews what they prove themselves with.
    private func lookAtMesh() {
        guard let controller else { return }
        controller.look(isHasty: phase == .starting)
        do {
            let now = Int(time(nil))
            for node in nodes { try node.renewToken(by: controller.issuer, now: now) }
            for pod in pods.values { try pod.renewTokens(by: controller.issuer, now: now) }
        } catch {
            display.say("tokens cannot be written: \(error)")
        }
        if controller.view?.world.listed == true { startNodes() }
    }

    private func isWanted(_ pod: RunningPod) -> Bool {
        let namespace = ObjectReference(kind: .namespace, namespace: "", name: pod.key.namespace)
        guard case .namespace(let object) = state.objects[namespace] else {
            return Enrolment.isWanted(for: pod.pod, in: nil)
        }
        return Enrolment.isWanted(for: pod.pod, in: object)
    }

    // MARK: What is

    private func reconcile() {
        hasChanged = false
        let desired = DesiredPods(user)
        relabel(desired)
        let existing = pods.values.map {
            PodPlan.Existing(
                name: $0.key, owner: $0.owner, revision: $0.revision, isReady: $0.pod.status.isReady,
                isLeaving: $0.isLeaving)
        }
        let plan = PodPlan(demands: desired.demands, existing: existing) {
            StableHash(UUID().uuidString).text(5)
        }
        for name in plan.removals { pods[name]?.leave() }
        for creation in plan.creations { create(creation, desired) }
        forgetGone()
        do { try publish() } catch { display.say("\(error)") }
    }

    private func relabel(_ desired: DesiredPods) {
        for pod in pods.values where pod.owner.kind == .pod && !pod.isLeaving {
            if let template = desired.template(for: pod.owner) { pod.relabel(template.metadata) }
        }
    }

    private func create(_ creation: PodPlan.Creation, _ desired: DesiredPods) {
        let owner = creation.demand.owner
        let uid = UUID().uuidString.lowercased()
        guard let asked = desired.template(for: owner)?.spec.nodeName,
            let node = choose(asked, owner: owner),
            var pod = desired.pod(creation, uid: uid, node: node.name)
        else { return }
        do {
            pod.status.podIPs = [try address(for: pod, on: node)]
            pods[creation.name] = try RunningPod(
                pod, owner: owner, revision: creation.demand.revision, node: node, directory: settings.manifests,
                layout: layout, reactor: reactor, children: children, zone: DNSZone(domain: Self.mesh.clusterDomain)
            ) { [weak self] in self?.hasChanged = true }
        } catch {
            display.say("pod \(creation.name): \(error)")
        }
    }

    private func choose(_ asked: String, owner: PodPlan.Owner) -> Node? {
        let placements = pods.values.filter { !$0.isLeaving }.map {
            Scheduler.Placement(node: $0.node.name, owner: $0.owner.description)
        }
        let name =
            asked.isEmpty
            ? Scheduler.choose(owner: owner.description, nodes: nodes.map(\.name), placements: placements) : asked
        return nodes.first { $0.name == name }
    }

    private struct NodeIsFull: Error, CustomStringConvertible {
        let node: String
        var description: String { "\(node) has no address left" }
    }

    private func address(for pod: Kubernetes.Pod, on node: Node) throws -> IPAddress {
        if pod.spec.hostNetwork { return node.linkAddress }
        guard let address = podAddresses.take(onNode: node.number) else { throw NodeIsFull(node: node.name) }
        return address
    }

    private func forgetGone() {
        for pod in pods.values where pod.phase == .gone {
            pods[pod.key] = nil
            LogFiles.remove(of: pod, layout)
            try? FileManager.default.removeItem(atPath: layout.files(ofPod: pod.key))
            if !pod.pod.spec.hostNetwork { podAddresses.giveBack(pod.address, onNode: pod.node.number) }
            hasChanged = true
        }
    }

    // MARK: What everybody is told

    /// Names, rules and the mesh's configuration follow from what is.
    private func publish() throws {
        let order = pods.values.sorted { $0.key.description < $1.key.description }
        state = WorldState(
            user: user, made: made, nodes: nodes.map(\.object), pods: order.map(\.pod) + nodes.map(\.proxyPod),
            addresses: &serviceAddresses)
        if try stateDirectory.write(state.own) { toldNanoseconds = LinuxKernel.monotonicNanoseconds() }
        let zone = state.zone(domain: Self.mesh.clusterDomain)
        let rules = ServiceEndpoints.translation(services: state.services, slices: state.slices)
        for node in nodes {
            node.resolver.zone = zone
            try node.apply(rules)
        }
    }

    private func readLogs() {
        for node in nodes {
            for record in node.newRecords() { table.add(record, nowMilliseconds: nowMilliseconds) }
        }
        for connection in table.takeSettled(nowMilliseconds: nowMilliseconds) { display.show(connection) }
    }

    /// What is still missing before all that the manifests ask for is there and in force.
    var waitingFor: [String] {
        let programs = nodes.flatMap { node in
            node.programs.filter { !$0.isRunning }.map { "\($0.name) on \(node.name) \($0.state)" }
        }
        let wanted = DesiredPods(user).demands.reduce(0) { $0 + $1.replicas }
        let present = pods.values.filter { !$0.isLeaving }
        let missing = present.count == wanted ? [] : ["\(wanted) pods, \(present.count) are there"]
        let unready = present.compactMap { pod -> String? in
            if isWanted(pod), pod.capture != .enabled { return "pod \(pod.key) to be enrolled" }
            return pod.pod.status.isReady ? nil : "pod \(pod.key) to be ready"
        }
        return programs + unmade + missing + unready.sorted() + behind
    }

    /// Waypoints that somebody asks for, and the controller has not made yet.
    private var unmade: [String] {
        let runs = Set(
            user.filter { made.contains($0.reference) }.compactMap { object -> String? in
                guard case .deployment = object, let gateway = object.metadata.labels[MeshLabel.gatewayName] else {
                    return nil
                }
                return "\(object.metadata.namespace)/\(gateway)"
            })
        return user.compactMap { object in
            guard case .gateway(let gateway) = object, gateway.className == WaypointClass.slipstream else { return nil }
            let name = gateway.metadata.key.description
            return runs.contains(name) ? nil : "the controller to make the waypoint \(name)"
        }
    }

    /// Who has not taken over what the mesh was last told.
    private var behind: [String] {
        guard let controller else { return [] }
        guard controller.program.isRunning else { return ["the controller, which is \(controller.program.state)"] }
        guard let view = controller.view, view.askedNanoseconds > toldNanoseconds else {
            return ["the controller to answer"]
        }
        guard view.world.listed else { return ["the controller to read the manifests"] }
        let waypoints = pods.values.filter { $0.isWaypoint && !$0.isLeaving }.map(\.key)
        let proxies =
            nodes.map { (title: "ztunnel on \($0.name)", pod: $0.proxy.name) }
            + waypoints.map { (title: "waypoint \($0)", pod: $0) }
        return proxies.compactMap { proxy in
            guard let known = view.proxy(proxy.pod.description), known.connected else {
                return "\(proxy.title) to be connected with the controller"
            }
            return view.isInSync(known) ? nil : "\(proxy.title) to take over the configuration"
        }
    }

    // MARK: Ending

    private func end() {
        isEnding = true
        display.say("removing everything")
        for pod in pods.values { pod.leave() }
        for node in nodes { node.stopPrograms(graceMilliseconds: 1_000) }
        controller?.program.stop(graceMilliseconds: 1_000)
        // What does not end by itself is ended by the removal that follows.
        _ = reactor.after(milliseconds: 1_500) { [reactor] in reactor.stop() }
    }

    private func endIfAllIsOver() {
        if children.isEmpty { reactor.stop() }
    }
}
