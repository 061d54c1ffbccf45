import Foundation
package import Playground

/// Where the controller is asked.
package struct ControllerPlace: Hashable, Sendable {
    package static let variable = "SLIPSTREAM_CONTROLLER"

    /// A Unix socket.
    let socket: String
    /// Whether it is that of the playground.
    let isPlayground: Bool

    /// A socket that was named, else that of the playground, if one is there.
    ///
    /// - Parameters:
    ///   - named: by an option.
    ///   - context: of a cluster, as kubectl has it.
    package static func find(
        named: String?, context: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(CommandFailure) -> ControllerPlace {
        if let context, context != "playground" {
            throw CommandFailure(
                "--context \(context): this version does not reach clusters yet; leave it out for the playground, "
                    + "or name a controller's socket with --controller")
        }
        let named = named ?? environment[variable].flatMap { $0.isEmpty ? nil : $0 }
        if let named { return ControllerPlace(socket: named, isPlayground: false) }
        let playground = PlaygroundFiles.controllerSocket
        if FileManager.default.fileExists(atPath: playground) {
            return ControllerPlace(socket: playground, isPlayground: true)
        }
        throw CommandFailure(
            """
            there is no playground on this machine, and clusters are not reached by this version yet
                → start a playground with: slipstream playground up
                → or name a controller's socket with --controller PATH, or in \(variable)
            """)
    }
}
