/// Why a command could not do what it was asked to, in words for the terminal.
package struct CommandFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
