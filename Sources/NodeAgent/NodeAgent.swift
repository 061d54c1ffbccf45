import Discovery
import Glibc
package import Reactor

/// Brings the pods of one node into the mesh and lets them out again.
///
/// A file appears → the proxy is given the pod (`ZDSServer`) and acknowledges → rules lead the pod's connections to it
/// (`PodNetwork`) → status `joining`, then `enabled`. A file goes → nothing new is captured → its connections end → the
/// proxy forgets the pod → the rules are removed. `PodEnrolment` decides each step. One thread, which owns everything here.
package final class NodeAgent: EventHandler {
    /// How long the status of a pod that has left can be read.
    private static let releasedStatusMilliseconds: UInt64 = 60_000

    private let settings: AgentSettings
    private let reactor: Reactor
    private let log: Log
    private let visitor: NamespaceVisitor
    private let directory: PodDirectory
    private let status: StatusDirectory
    private let watch: DirectoryWatch
    private var server: ZDSServer!
    private var pods: [String: EnrolledPod] = [:]
    /// What is wrong with files, so that each is told once.
    private var brokenFiles: [String: NodeFileError] = [:]
    private var whenEmpty: (() -> Void)?

    package init(_ settings: AgentSettings, on reactor: Reactor, _ log: Log) throws(AgentStartError) {
        self.settings = settings
        self.reactor = reactor
        self.log = log
        directory = PodDirectory(path: settings.podsPath)
        status = StatusDirectory(path: settings.statusPath, log: log)
        visitor = try Self.starting("look at network namespaces") { () throws(Errno) in try NamespaceVisitor() }
        watch = try Self.starting("watch \(settings.podsPath)") { () throws(Errno) in
            try DirectoryWatch(settings.podsPath)
        }
        try Self.starting("use \(settings.statusPath)") { () throws(Errno) in
            try Directory.replace(".writable", in: settings.statusPath, with: [])
            try Directory.remove(".writable", in: settings.statusPath)
        }
        server = try ZDSServer(at: settings.zdsSocketPath, on: reactor, owner: self, log)
    }

    private static func starting<Result: ~Copyable>(
        _ what: String, _ body: () throws(Errno) -> Result
    ) throws(AgentStartError) -> Result {
        do throws(Errno) {
            return try body()
        } catch {
            throw AgentStartError(description: "cannot \(what): \(error)")
        }
    }

    /// Takes up the pods that are there, and follows what comes and goes.
    package func start() throws(Errno) {
        _ = try reactor.watch(watch.raw, for: self)
        try releaseForgottenPods()
        readPods()
        inspectLater()
    }

    /// Lets go of all pods, then calls `done`. Without it they stay captured.
    package func releaseAll(done: @escaping () -> Void) {
        whenEmpty = done
        for pod in pods.values { pod.remove() }
        finishIfEmpty()
    }

    package func stop() { server.close() }

    // MARK: Files

    package func ready(_ readiness: Readiness) {
        do throws(Errno) {
            var hasChanged = false
            while let change = try watch.change() {
                hasChanged = true
                guard change == .gone else { continue }
                return log.error("agent", "the directory of pods is gone", ["path": settings.podsPath])
            }
            if hasChanged { readPods() }
        } catch {
            log.error("agent", "cannot watch the directory of pods", ["error": "\(error)"])
        }
    }

    /// Compares all files with what is known. A file that is wrong changes nothing.
    private func readPods() {
        guard whenEmpty == nil else { return }
        do throws(Errno) {
            let entries = try directory.read()
            for entry in entries { take(entry) }
            let named = Set(entries.map(\.uid))
            brokenFiles = brokenFiles.filter { named.contains($0.key) }
            for (uid, pod) in pods where !named.contains(uid) { pod.remove() }
        } catch {
            log.error("agent", "cannot read the directory of pods", ["error": "\(error)"])
        }
    }

    private func take(_ entry: PodDirectory.Entry) {
        switch entry.pod {
        case .success(let record):
            brokenFiles[entry.uid] = nil
            take(record)
        case .failure(let error):
            guard brokenFiles.updateValue(error, forKey: entry.uid) != error else { return }
            log.error("agent", "a pod's file is wrong", ["uid": entry.uid, "error": "\(error)"])
            if pods[entry.uid] == nil {
                status.write(PodStatus(uid: entry.uid, state: .failed, message: "\(error)"))
            }
        }
    }

    private func take(_ record: PodRecord) {
        guard let pod = pods[record.uid] else { return begin(record) }
        if pod.isLeaving { return pod.comeBack() }
        guard pod.record != record, !pod.update(record) else { return }
        renew(pod)
    }

    /// Lets a pod go where it was, and takes it in where it is now.
    private func renew(_ pod: EnrolledPod) {
        pod.remove()
        pod.comeBack()
    }

    private func begin(_ record: PodRecord) {
        let pod = EnrolledPod(record, on: reactor, visitor: visitor, settings, log, owner: self)
        pods[record.uid] = pod
        pod.start()
    }

    /// Pods whose files went while no agent was there.
    private func releaseForgottenPods() throws(Errno) {
        let named = Set(try directory.read().map(\.uid))
        for uid in try status.uids() where !named.contains(uid) { status.remove(uid: uid) }
        for record in try status.remembered() where !named.contains(record.uid) {
            begin(record)
            pods[record.uid]?.remove()
        }
    }

    private func inspectLater() {
        _ = reactor.after(milliseconds: settings.inspectionIntervalMilliseconds) { [weak self] in
            guard let self else { return }
            for pod in self.pods.values {
                if pod.namespaceIsReplaced { self.renew(pod) } else { pod.inspect() }
            }
            self.inspectLater()
        }
    }

    private func finishIfEmpty() {
        guard pods.isEmpty, let done = whenEmpty else { return }
        whenEmpty = nil
        done()
    }
}

// MARK: - What pods ask of the agent

extension NodeAgent: EnrolledPod.Owner {
    func announce(_ pod: EnrolledPod) { server.announce(pod.request) }

    func withdraw(_ pod: EnrolledPod) { server.withdraw(pod.uid) { pod.withdrawn() } }

    func report(_ status: PodStatus) { self.status.write(status) }

    func remember(_ pod: PodRecord) throws(Errno) { try status.remember(pod) }

    func finished(_ pod: EnrolledPod, startsOver: Bool) {
        pods[pod.uid] = nil
        status.forget(uid: pod.uid)
        finishIfEmpty()
        if startsOver { return readPods() }
        _ = reactor.after(milliseconds: Self.releasedStatusMilliseconds) { [weak self, uid = pod.uid] in
            if let self, self.pods[uid] == nil, self.brokenFiles[uid] == nil { self.status.remove(uid: uid) }
        }
    }
}

// MARK: - What proxies ask of the agent

extension NodeAgent: ZDSServer.Owner {
    func knownPods() -> [ZDSRequest] {
        pods.values.filter { $0.namespace != nil && !$0.isLeaving }.sorted { $0.uid < $1.uid }.map(\.request)
    }

    func namespace(ofPod uid: String) -> NetworkNamespace? { pods[uid]?.namespace }

    func acknowledged(_ uid: String) { pods[uid]?.acknowledged() }

    func refused(_ uid: String, _ reason: String) { pods[uid]?.refused(reason) }
}

@available(*, unavailable)
extension NodeAgent: Sendable {}
