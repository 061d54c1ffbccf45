import ArgumentParser
import CommandLine

struct MeshStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says in one sentence how the mesh stands, and what is not as it should be.")

    @OptionGroup var mesh: MeshOptions
    @OptionGroup var format: OutputOption

    func run() throws { try finish { try ShowMesh(format: format.output).run(mesh.client()) } }
}

struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Says what the mesh makes of a pod, service, namespace, policy or waypoint.",
        usage: "slipstream describe <kind>/<name> … | <kind> [<name> …] [-n <namespace>]",
        discussion: """
            Of a pod: whether it is in the mesh or why not, its identity, the policies that decide for it in their order, and its \
            waypoint. A name may be the beginning of a pod's; without a name all of the kind are described.
            """)

    @OptionGroup var mesh: MeshOptions
    @OptionGroup var home: NamespaceOption
    @OptionGroup var format: OutputOption

    @Flag(name: [.customShort("A"), .long], help: "Those of all namespaces.")
    var allNamespaces = false

    @Argument(help: ArgumentHelp("What is meant: pod/cart, service cart, authorizationpolicy.", valueName: "object"))
    var objects: [String] = []

    func run() throws {
        try finish {
            try Describe(objects, namespace: home.namespace, isEverywhere: allNamespaces, format: format.output)
                .run(mesh.client())
        }
    }
}

struct WaitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Waits until what an object says now is enforced by every proxy that it is for.",
        usage: "slipstream wait <kind>/<name> … [-n <namespace>] [--timeout 30s]",
        discussion: """
            Takes in first what was written before the call, and waits for an object that is not there yet. Ends with 1, and says \
            who is behind and why, when the time is over.
            """)

    @OptionGroup var mesh: MeshOptions
    @OptionGroup var home: NamespaceOption
    @OptionGroup var format: OutputOption

    @Option(help: "How long to wait: 30s, 2m.")
    var timeout: TimeLimit = .standard

    @Argument(help: ArgumentHelp("What is waited for: authorizationpolicy/cart.", valueName: "object"))
    var objects: [String] = []

    func run() throws {
        try finish {
            try Wait(objects, namespace: home.namespace, timeout: timeout, format: format.output).run(mesh.client())
        }
    }
}

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Shows what proxies themselves hold and do at the moment.",
        usage: "slipstream config workloads|services|policies|certificates|connections [<node> | <namespace>/<pod>]",
        discussion: "Asks the proxies, not the controller. Without a proxy's name those of all nodes are asked.")

    @OptionGroup var mesh: MeshOptions
    @OptionGroup var format: OutputOption

    @Option(name: .shortAndLong, help: "Only those of this namespace.")
    var namespace: String?

    @Flag(name: [.customShort("A"), .long], help: "Those of all namespaces, as without -n.")
    var allNamespaces = false

    @Option(help: ArgumentHelp("Where a proxy is asked instead.", valueName: "address:port"))
    var admin: String?

    @Argument(help: "workloads, services, policies, certificates or connections")
    var part: ConfigPart

    @Argument(help: "A node, or the pod of a proxy or waypoint.")
    var proxy: String?

    func run() throws {
        try finish {
            try ShowConfig(part, namespace: allNamespaces ? nil : namespace, format: format.output)
                .run(proxy: proxy, address: admin, mesh.client)
        }
    }
}

extension ConfigPart: ExpressibleByArgument {
    /// The singular will do.
    public init?(argument: String) {
        let word = argument.lowercased()
        let all = Self.allCases.first { part in
            let name = part.rawValue
            return word == name || word == String(name.dropLast()) || (name == "policies" && word == "policy")
        }
        guard let all else { return nil }
        self = all
    }
}
