import Glibc
import Reactor

/// Where a world tells what happens.
protocol Display: AnyObject {
    /// A sentence for people.
    func say(_ text: String)
    /// A connection that both sides have reported, or that only one will.
    func show(_ connection: Connection)
    func show(_ proof: WorldStatus.Proof)
    /// How everything stands; called several times a second.
    func refresh(_ status: WorldStatus, _ table: ConnectionTable)
    /// The terminal has another size.
    func resized()
    /// Nothing comes after this.
    func end()
}

/// Standard output, as something that may go away.
enum Output {
    static func write(_ text: String) {
        var rest = ArraySlice(text.utf8)
        while !rest.isEmpty {
            guard let count = try? Bytes.write(1, rest) else {
                // Nobody reads any more. The world must still be removed, so that is asked for as Ctrl-C would.
                kill(getpid(), SIGTERM)
                return
            }
            rest = rest.dropFirst(count)
        }
    }
}

extension WorldStatus.Proof {
    var line: String { "\(isProved ? "✔" : "✘") \(claim): \(observed)" }
}

/// A line for each thing that happens: for pipes, files and CI.
final class PlainDisplay: Display {
    private let showsConnections: Bool
    private var waitingFor = ""

    init(showsConnections: Bool) {
        self.showsConnections = showsConnections
    }

    func say(_ text: String) { Output.write(text + "\n") }

    func show(_ connection: Connection) {
        if showsConnections { Output.write(PlainLine.text(for: connection) + "\n") }
    }

    func show(_ proof: WorldStatus.Proof) { Output.write(proof.line + "\n") }

    func refresh(_ status: WorldStatus, _ table: ConnectionTable) {
        guard status.phase == .starting, let first = status.waitingFor.first, first != waitingFor else { return }
        waitingFor = first
        let others = status.waitingFor.count - 1
        say("waiting for \(first)" + (others > 0 ? ", and \(others) more" : ""))
    }

    func resized() {}
    func end() {}
}
