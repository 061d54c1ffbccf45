import ArgumentParser
import CommandLine
import Playground

/// Which mesh is meant.
struct MeshOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The cluster to speak with; clusters come later.", valueName: "name"))
    var context: String?

    @Option(
        help: ArgumentHelp(
            "The socket of a controller; without it \(ControllerPlace.variable), or the playground's.",
            valueName: "path"))
    var controller: String?

    func client() throws(CommandFailure) -> ControllerClient {
        ControllerClient(try ControllerPlace.find(named: controller, context: context))
    }
}

struct NamespaceOption: ParsableArguments {
    @Option(name: .shortAndLong, help: "The namespace.")
    var namespace = "default"
}

struct OutputOption: ParsableArguments {
    @Option(name: .shortAndLong, help: "text, wide, json, yaml or name")
    var output = OutputFormat.text
}

extension OutputFormat: ExpressibleByArgument {}
extension Waypoints.Traffic: ExpressibleByArgument {}

extension TimeLimit: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public var defaultValueDescription: String { description }
}
