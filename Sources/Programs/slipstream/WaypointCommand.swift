import ArgumentParser
import CommandLine

struct WaypointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waypoint", abstract: "Makes, shows and removes waypoints.",
        subcommands: [
            WaypointApplyCommand.self, WaypointListCommand.self, WaypointStatusCommand.self, WaypointDeleteCommand.self,
        ])
}

struct DirectoryOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("Where manifests are written; without it the playground's own.", valueName: "directory"))
    var directory: String?
}

struct WaypointApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Makes a waypoint, or changes one that was made so.")

    @OptionGroup var mesh: MeshOptions
    @OptionGroup var home: NamespaceOption
    @OptionGroup var place: DirectoryOption

    @Option(help: "What the waypoint is called.")
    var name = "waypoint"

    @Option(name: .customLong("for"), help: "What may be bound to it: service, workload, all or none.")
    var traffic = Waypoints.Traffic.service

    @Flag(help: "Bind the namespace's services, or workloads, to it.")
    var enrollNamespace = false

    @Flag(help: "Return when it is ready.")
    var wait = false

    @Option(help: "How long to wait for that.")
    var timeout: TimeLimit = .long

    @Flag(help: "Print the manifests, and do nothing.")
    var dryRun = false

    @Option(name: .shortAndLong, help: "yaml, with --dry-run")
    var output = OutputFormat.yaml

    func validate() throws {
        guard output == .yaml else { throw ValidationError("-o: manifests are printed as yaml") }
    }

    func run() throws {
        try finish {
            if dryRun {
                let manifests = try Waypoints.manifests(
                    name: name, namespace: home.namespace, traffic: traffic, enrolsNamespace: enrollNamespace)
                print(manifests, terminator: "")
                return 0
            }
            return try Waypoints(mesh.client(), namespace: home.namespace, directory: place.directory)
                .apply(name: name, traffic: traffic, enrolsNamespace: enrollNamespace, wait: wait ? timeout : nil)
        }
    }
}

struct WaypointListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Shows the waypoints of a namespace, or of all.")

    @OptionGroup var mesh: MeshOptions
    @OptionGroup var home: NamespaceOption
    @OptionGroup var format: OutputOption

    @Flag(name: [.customShort("A"), .long], help: "Those of all namespaces.")
    var allNamespaces = false

    func run() throws {
        try finish {
            try Waypoints(mesh.client(), namespace: home.namespace, directory: nil)
                .list(isEverywhere: allNamespaces, format: format.output)
        }
    }
}

struct WaypointStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says how waypoints stand, and who is bound to them. Ends with 1 when one is not ready.")

    @OptionGroup var mesh: MeshOptions
    @OptionGroup var home: NamespaceOption
    @OptionGroup var format: OutputOption

    @Flag(name: [.customShort("A"), .long], help: "Those of all namespaces.")
    var allNamespaces = false

    @Argument(help: "The waypoint; all when it is left out.")
    var name: String?

    func run() throws {
        try finish {
            try Waypoints(mesh.client(), namespace: home.namespace, directory: nil)
                .status(name: name, isEverywhere: allNamespaces, format: format.output)
        }
    }
}

struct WaypointDeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Removes waypoints that were made by apply, and the label that binds their namespace.")

    @OptionGroup var mesh: MeshOptions
    @OptionGroup var home: NamespaceOption
    @OptionGroup var place: DirectoryOption

    @Flag(help: "All that were made by apply in the namespace.")
    var all = false

    @Argument(help: "The waypoints.")
    var names: [String] = []

    func validate() throws {
        guard all != !names.isEmpty else { throw ValidationError("expected the names of waypoints, or --all") }
    }

    func run() throws {
        try finish {
            try Waypoints(mesh.client(), namespace: home.namespace, directory: place.directory).delete(names)
        }
    }
}
