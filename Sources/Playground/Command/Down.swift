import Foundation
import Glibc
import Reactor

/// `slipstream playground down`: ends the world and removes all that is left of it, whatever became of it.
package struct Down {
    private static let patienceSeconds = 15
    private static let pauseMicroseconds: UInt32 = 100_000

    private let layout = Layout.standard

    package init() {}

    package func run() throws -> Int32 {
        guard geteuid() == 0 else { throw CommandFailure("down needs root, as up does; run it with sudo") }
        guard WorldLock.holder(layout) != nil || !Remains.find(layout).isEmpty else {
            Output.write("no playground is there; nothing to remove\n")
            return 0
        }
        let lock = try waitForLock()
        let problems = Remains.remove(layout)
        _ = consume lock
        guard problems.isEmpty else { throw CommandFailure(problems.joined(separator: "\n")) }
        Output.write("the playground is removed\n")
        return 0
    }

    /// Asks the world to end, insists after a while, and takes its place, so that no other begins meanwhile.
    private func waitForLock() throws -> WorldLock {
        WorldLock.holder(layout)?.signal(SIGTERM)
        let tries = Self.patienceSeconds * 1_000_000 / Int(Self.pauseMicroseconds)
        for attempt in 0..<(2 * tries) {
            if let lock = try WorldLock.take(layout) { return lock }
            if attempt == tries { WorldLock.holder(layout)?.signal(SIGKILL) }
            usleep(Self.pauseMicroseconds)
        }
        throw CommandFailure("the playground's process does not end")
    }
}
