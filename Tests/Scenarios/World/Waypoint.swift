import Foundation
import Mesh

/// A waypoint of the namespace `shop` in a pod of its own, with the service `echo` bound to it.
final class Waypoint {
    static let pod = MeshPod(name: "waypoint", node: 1, number: 30, isEnrolled: false)
    static let echo = NamespacedName(namespace: "shop", name: "echo.shop.svc.cluster.local")
    private static let service = NamespacedName(namespace: "shop", name: "waypoint.shop.svc.cluster.local")
    /// Of `echo`, whose endpoints are `server` and `neighbour`.
    static let address = "10.97.0.1"

    private let mesh: NamespaceMesh
    private(set) var program: Program?

    /// - Parameter adjust: what else the proxies are told of a workload.
    static func mesh(
        bound: Bool = true, policies: [AuthorizationPolicy] = [], adjust: @escaping (inout Workload) -> Void = { _ in }
    ) throws -> NamespaceMesh {
        try NamespaceMesh(pods: [.client, .server, .neighbour, .outsider, pod]) { mesh in
            mesh.services = services(bound: bound)
            mesh.policies = policies
            mesh.adjust = { workload in
                switch workload.name {
                case "server", "neighbour": workload.services = [echo: [80: 7000]]
                case "waypoint": workload.services = [service: [15008: 15008]]
                default: break
                }
                adjust(&workload)
            }
        }
    }

    static func services(bound: Bool) -> [Service] {
        var echo = Service.virtual("echo", address: address)
        if bound { echo.waypoint = gateway }
        var own = Service.virtual("waypoint", address: "10.97.0.2")
        own.ports = [15008: Service.Port(target: 15008)]
        return [echo, own]
    }

    static var gateway: GatewayAddress { GatewayAddress(destination: .hostname(service)) }

    init(in mesh: NamespaceMesh) throws {
        self.mesh = mesh
        try start()
    }

    func start() throws {
        let common = ["ZTUNNEL_WORKER_THREADS": "2", "LOG_FORMAT": "json"]
        let environment = try mesh.controller?.environment(ofWaypoint: Self.pod) ?? fileEnvironment
        program = try Program(
            ["ip", "netns", "exec", Self.pod.namespaceName, Project.binary("waypoint")],
            environment: environment.merging(common) { $1 },
            output: log, errors: log)
        try eventually("the waypoint is ready") {
            try mesh.run(
                in: Self.pod, ["curl", "--silent", "--max-time", "5", "http://127.0.0.1:15021/healthz/ready"]
            ).output == "ready\n"
        }
    }

    /// Of one that a file tells what the mesh is.
    private var fileEnvironment: [String: String] {
        [
            "PROXY_WORKLOAD_INFO": "shop/waypoint/waypoint",
            "LOCAL_XDS_PATH": mesh.directory.appending(path: "mesh.yaml").path,
            "SLIPSTREAM_CA_DIR": "\(mesh.certificates)/authority",
        ]
    }

    func stop() { program?.kill() }

    var log: String { mesh.directory.appending(path: "waypoint.log").path }

    func said() throws -> String { try String(contentsOfFile: log, encoding: .utf8) }
}
