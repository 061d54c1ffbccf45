package import Reactor

/// Why a port cannot be listened on, for whoever has to free it.
package struct ListenFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let port: UInt16
    package let cause: Errno

    package init(port: UInt16, _ cause: Errno) {
        self.port = port
        self.cause = cause
    }

    package var description: String { "cannot listen on port \(port): \(cause)" }
}
