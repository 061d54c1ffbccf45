import Controller
import Foundation
import Mesh
import Reactor

/// The mesh's controller: a program where all nodes reach it, and what it says of the mesh.
final class RunningController {
    /// Under which name its certificate is looked at.
    static var serverName: String { "slipstream-controller.\(World.mesh.rootNamespace).svc" }
    static var address: String { "https://\(AddressPlan.controllerAddress):\(port)" }
    private static let port = 15012

    private static let lookMilliseconds: UInt64 = 1_000
    /// As long as somebody waits for what it says.
    private static let hastyLookMilliseconds: UInt64 = 100

    let program: SupervisedProgram
    let issuer: TokenIssuer
    private let layout: Layout
    private let reactor: Reactor
    /// What it said last; nil while it does not answer.
    private(set) var view: ControllerView?
    private var isAsking = false
    private var lastLookNanoseconds: UInt64 = 0

    init(
        from folder: String, manifests: String, layout: Layout, reactor: Reactor, children: Children,
        changed: @escaping () -> Void
    ) throws {
        self.layout = layout
        self.reactor = reactor
        issuer = TokenIssuer(name: "https://kubernetes.default.svc.\(World.mesh.clusterDomain)")
        try FileManager.default.createDirectory(
            atPath: layout.authority, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try issuer.publicKey.write(toFile: layout.tokenKeys, atomically: true, encoding: .utf8)
        program = SupervisedProgram(
            "controller",
            Program(
                namespace: layout.linkNamespace,
                command: ["\(folder)/controller"]
                    + Self.arguments(manifests: manifests, layout: layout, issuer: issuer.name)
                    + Self.waypoints(runBy: "\(folder)/waypoint", layout),
                environment: Command.environment, log: layout.controllerLog),
            reactor: reactor, children: children, changed: changed)
    }

    private static func arguments(manifests: String, layout: Layout, issuer: String) -> [String] {
        [
            "--source", manifests, "--source", layout.applied, "--source", layout.state, "--ca", layout.authority,
            "--out", layout.controllerOutput,
            "--token-keys", layout.tokenKeys, "--token-issuer", issuer, "--listen-port", String(port),
            "--api-socket", layout.controllerSocket, "--trust-domain", World.mesh.trustDomain,
            "--cluster-id", World.mesh.clusterID, "--root-namespace", World.mesh.rootNamespace, "--log-format", "json",
        ]
    }

    /// What the controller puts into the pods that it makes.
    private static func waypoints(runBy program: String, _ layout: Layout) -> [String] {
        let token = layout.files(ofPod: NamespacedName(namespace: "$(POD_NAMESPACE)", name: "$(POD_NAME)"))
        var environment = environment(ofProxyWithToken: token + Layout.tokenPath, layout: layout)
        environment["LOG_FORMAT"] = "json"
        return ["--waypoint-command", program]
            + environment.sorted { $0.key < $1.key }.flatMap { ["--waypoint-env", "\($0.key)=\($0.value)"] }
    }

    /// What a proxy must know to be configured and certified by it.
    static func environment(ofProxyWithToken path: String, layout: Layout) -> [String: String] {
        let root = "\(layout.authority)/root-cert.pem"
        return [
            "XDS_ADDRESS": address, "CA_ADDRESS": address, "XDS_ROOT_CA": root, "CA_ROOT_CA": root,
            "ALT_XDS_HOSTNAME": serverName, "ALT_CA_HOSTNAME": serverName, "AUTH_TOKEN": path,
            "TRUST_DOMAIN": World.mesh.trustDomain, "CLUSTER_ID": World.mesh.clusterID,
            "CLUSTER_DOMAIN": World.mesh.clusterDomain,
        ]
    }

    // MARK: What it says

    /// Asks again if the last time was long enough ago.
    ///
    /// - Parameter isHasty: whether somebody waits.
    func look(isHasty: Bool) {
        guard program.isRunning else { return view = nil }
        let pause = isHasty ? Self.hastyLookMilliseconds : Self.lookMilliseconds
        guard !isAsking, reactor.nowNanoseconds >= lastLookNanoseconds + pause * 1_000_000 else { return }
        isAsking = true
        lastLookNanoseconds = reactor.nowNanoseconds
        ask(ControllerView.World.self, "/api/world?refresh=true") { world in
            self.ask([ControllerView.Proxy].self, "/api/proxies") { proxies in
                self.isAsking = false
                self.view = ControllerView(
                    askedNanoseconds: self.lastLookNanoseconds, world: world, proxies: proxies)
            }
        }
    }

    private func ask<Answer: Decodable>(_ type: Answer.Type, _ path: String, then: @escaping (Answer) -> Void) {
        ControllerQuestion.ask(path, at: layout.controllerSocket, on: reactor) { [weak self] body in
            guard let body, let answer = try? JSONDecoder().decode(type, from: body) else {
                self?.isAsking = false
                self?.view = nil
                return
            }
            then(answer)
        }
    }
}
