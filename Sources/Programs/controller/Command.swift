import ArgumentParser
import ControlPlane
import Controller
import Glibc
import Mesh
import Reactor

@main
struct Command: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controller",
        abstract: "Configures the mesh's proxies and is their certificate authority.",
        version: "controller \(Version.current)")

    @Option(
        help: ArgumentHelp(
            "A directory of manifests; of several, later ones come over earlier ones.", valueName: "directory"))
    var source: [String]

    @Option(
        help: ArgumentHelp(
            "Where made objects (objects/) and statuses (status/) are put; none are made when it is not given.",
            valueName: "directory"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "Where the certificate authority's files are; a root is made if there is none.", valueName: "directory"))
    var ca: String

    @Option(
        help: ArgumentHelp(
            "Keys that service-account tokens are signed with: a JWKS, or a public key in PEM.", valueName: "file"))
    var tokenKeys: String

    @Option(help: "The issuer that tokens must name; any, when it is not given.")
    var tokenIssuer: String?

    @Option(help: "Where proxies are served with TLS.")
    var listenAddress = "0.0.0.0"

    @Option(help: "The port for it.")
    var listenPort = 15012

    @Option(help: "The same without TLS, on loopback; 0 for none.")
    var plaintextPort = 15010

    @Option(help: "Questions of people and tools, on loopback; 0 for none.")
    var apiPort = 15070

    @Option(help: ArgumentHelp("The same on a Unix socket.", valueName: "path"))
    var apiSocket: String?

    @Option(help: "/readyz; 0 for none.")
    var readinessPort = 8080

    @Option(help: "/metrics; 0 for none.")
    var metricsPort = 15014

    @Option(help: "Another name by which proxies find this server; can be repeated.")
    var dnsName: [String] = []

    @Option(help: "The mesh's trust domain.")
    var trustDomain = "cluster.local"

    @Option(help: "The cluster's name in workloads' uids.")
    var clusterID = "Kubernetes"

    @Option(help: "Where policies for the whole mesh live.")
    var rootNamespace = "slipstream-system"

    @Option(
        help: ArgumentHelp(
            "A service account of node proxies (default <root namespace>/ztunnel); can be repeated.",
            valueName: "namespace/name"))
    var nodeProxyAccount: [String] = []

    @Option(help: ArgumentHelp("How long a workload's certificate lives.", valueName: "seconds"))
    var certificateLifetime = 86_400

    @Option(help: ArgumentHelp("What runs in the pods of waypoints.", valueName: "image"))
    var waypointImage = WaypointObjects.Template().image

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A word of their command, the program first; can be repeated.", valueName: "word"))
    var waypointCommand: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("An argument of theirs; can be repeated.", valueName: "word"))
    var waypointArgument: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A variable of their environment; can be repeated.", valueName: "name=value"))
    var waypointEnv: [EnvironmentAssignment] = []

    @Option(
        help: ArgumentHelp(
            "How long a root lives that is made here; it is replaced at half of it.", valueName: "seconds"))
    var rootLifetime = 315_360_000

    @Option(
        help: ArgumentHelp(
            "How long nobody must be waited for before a root's replacement takes its next step.",
            valueName: "seconds"))
    var rootSettling = 10

    @Option(help: "How log lines are written: plain or json.")
    var logFormat = LogLine.Format.plain

    func run() async {
        // A peer that closes while we write is an answer, not a reason to die.
        signal(SIGPIPE, SIG_IGN)
        do {
            try await ControllerProcess(settings, logFormat: logFormat).run()
        } catch {
            fail(error)
        }
    }

    private var settings: ControllerSettings {
        var settings = ControllerSettings(sources: source, authorityDirectory: ca, tokenKeysPath: tokenKeys)
        settings.outputDirectory = out
        settings.mesh.trustDomain = trustDomain
        settings.mesh.clusterID = clusterID
        settings.mesh.rootNamespace = rootNamespace
        settings.nodeProxyAccounts =
            nodeProxyAccount.isEmpty ? ["\(rootNamespace)/ztunnel"] : Set(nodeProxyAccount)
        settings.tokenIssuer = tokenIssuer
        settings.secureHost = listenAddress
        settings.securePort = listenPort
        settings.plaintextPort = plaintextPort
        settings.interfacePort = apiPort
        settings.interfaceSocket = apiSocket
        settings.readinessPort = readinessPort
        settings.metricsPort = metricsPort
        settings.dnsNames = dnsName
        settings.waypointTemplate = waypointTemplate
        settings.certificateLifetimeSeconds = Double(max(certificateLifetime, 60))
        settings.rootLifetimeSeconds = Double(max(rootLifetime, 3600))
        settings.rootSettlingSeconds = Int64(max(rootSettling, 0))
        return settings
    }
}

extension Command {
    private var waypointTemplate: WaypointObjects.Template {
        var template = WaypointObjects.Template(image: waypointImage)
        template.command = waypointCommand
        template.args = waypointArgument
        template.environment = waypointEnv.map { .init(name: $0.name, value: .text($0.value)) }
        return template
    }
}

/// `NAME=VALUE`.
struct EnvironmentAssignment: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        name = String(parts[0])
        value = String(parts[1])
    }
}

extension LogLine.Format: ExpressibleByArgument {}

/// Ends the program with the reason on stderr.
func fail(_ problem: some Error) -> Never {
    // Where even this cannot be written, the exit code speaks alone.
    try? Descriptor.writeAll(Array("controller: \(problem)\n".utf8), to: Descriptor.standardError)
    Glibc.exit(1)
}
