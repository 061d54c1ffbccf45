import Foundation
import Glibc

/// Waits until a condition holds.
///
/// - Throws: when it does not within the time, in the words of `what`.
func eventually(
    _ what: @autoclosure () -> String, withinSeconds seconds: Double = 10, _ condition: () throws -> Bool
) throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while try !condition() {
        guard Date() < deadline else {
            throw Command.Failure(description: "not within \(seconds) s: \(what())")
        }
        usleep(20_000)
    }
}
