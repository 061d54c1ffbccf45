import Controller
import Glibc
import Mesh

extension World {
    var status: WorldStatus {
        var status = WorldStatus()
        status.phase = phase
        status.waitingFor = waitingFor
        status.process = getpid()
        status.manifests = settings.manifests
        status.controller = controller?.status(settings.layout)
        status.nodes = nodes.map { $0.status(settings.layout, controller?.view) }
        status.pods = pods.values.map(\.status).sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        status.services = state.services.map(serviceStatus)
        status.proofs = proofResults
        status.problems = problems
        return status
    }

    private func serviceStatus(_ service: Kubernetes.Service) -> WorldStatus.Service {
        let ready = state.slices(of: service).flatMap(\.endpoints).filter { $0.isReady ?? true }
        return WorldStatus.Service(
            namespace: service.metadata.namespace, name: service.metadata.name,
            address: service.isHeadless ? "None" : service.clusterIPs.first?.description ?? "",
            ports: service.ports.map { "\($0.port)/\($0.transport.rawValue)" },
            endpoints: Set(ready.map(\.podName)).count)
    }
}

extension RunningController {
    fileprivate func status(_ layout: Layout) -> WorldStatus.Controller {
        WorldStatus.Controller(
            address: AddressPlan.controllerAddress.description, program: .init(program, log: layout.controllerLog),
            ready: view?.world.listed == true, version: view?.world.version ?? 0)
    }
}

extension WorldStatus.Program {
    fileprivate init(_ program: SupervisedProgram, log: String) {
        self.init(
            name: program.name, state: program.state.description, process: program.process,
            restarts: program.restarts, log: log)
    }
}

extension Node {
    /// As an object of the cluster.
    var object: Kubernetes.Node {
        var object = Kubernetes.Node(metadata: Kubernetes.ObjectMeta(name: name))
        object.podCIDRs = [AddressPlan.podNetwork(ofNode: number)]
        object.addresses = [
            .init(type: "InternalIP", address: linkAddress.description), .init(type: "Hostname", address: name),
        ]
        return object
    }

    fileprivate func status(_ layout: Layout, _ view: ControllerView?) -> WorldStatus.Node {
        WorldStatus.Node(
            name: name, namespace: namespace, address: linkAddress.description,
            podNetwork: AddressPlan.podNetwork(ofNode: number),
            programs: programs.map { .init($0, log: layout.log(of: $0.name, onNode: name)) },
            proxy: view.map(proxyStatus) ?? .init())
    }

    private func proxyStatus(_ view: ControllerView) -> WorldStatus.Proxy {
        guard let proxy = view.proxy(proxy.name.description) else { return .init() }
        return .init(
            connected: proxy.connected, inSync: view.isInSync(proxy), acknowledged: proxy.acknowledged,
            rejections: proxy.rejections)
    }
}

extension RunningPod {
    fileprivate var status: WorldStatus.Pod {
        let account = pod.spec.serviceAccountName
        let identity = SPIFFEIdentity(
            trustDomain: World.mesh.trustDomain, namespace: key.namespace, serviceAccount: account)
        let container = pod.spec.containers.first
        return WorldStatus.Pod(
            namespace: key.namespace, name: key.name, node: node.name, ip: address.description, serviceAccount: account,
            identity: identity.description, mesh: isWaypoint ? "waypoint" : capture.word,
            olderConnections: olderConnections, phase: phaseWord, ready: pod.status.isReady,
            restarts: restarts, message: message, networkNamespace: namespace,
            hostname: pod.spec.hostNetwork ? nil : key.name,
            environment: container.map(environment) ?? [:], directory: workingDirectory(of: container))
    }

    private var phaseWord: String {
        switch phase {
        case .waiting, .initialising: "Pending"
        case .running: "Running"
        case .leaving, .gone: "Terminating"
        }
    }

    private var message: String {
        switch capture {
        case .requested(let text) where phase == .waiting: return "waits to be enrolled: \(text)"
        case .failed(let text): return "could not be enrolled: \(text)"
        case .enabled where olderConnections > 0:
            return "\(olderConnections) connections are older than its enrolment, and outside the mesh"
        default: break
        }
        let ended = containers.filter { !$0.program.isRunning }
        return isLeaving ? "" : ended.map { "\($0.container.name) \($0.program.state)" }.joined(separator: "; ")
    }
}

extension RunningPod.Capture {
    /// As `status` shows it.
    var word: String {
        switch self {
        case .outside: "outside"
        case .requested: "pending"
        case .joining: "joining"
        case .enabled: "enabled"
        case .failed: "failed"
        case .withdrawn, .releasing: "releasing"
        }
    }
}
