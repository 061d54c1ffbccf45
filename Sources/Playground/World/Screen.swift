import Foundation
import Reactor

/// A terminal: how the world stands, what was proved, and below it the connections as they end, the newest last.
final class Screen: Display {
    private static let refreshMilliseconds: UInt64 = 250
    private static let noteLimit = 4

    private let isColoured: Bool
    private var notes: [String] = []
    private var proofs: [WorldStatus.Proof] = []
    private var isOpen = false
    private var lastText = ""
    private var lastNanoseconds: UInt64 = 0

    init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    func say(_ text: String) {
        notes.append(text)
        if notes.count > Self.noteLimit { notes.removeFirst(notes.count - Self.noteLimit) }
    }

    func show(_ connection: Connection) {}
    func show(_ proof: WorldStatus.Proof) { proofs.append(proof) }
    func resized() { lastText = "" }

    func refresh(_ status: WorldStatus, _ table: ConnectionTable) {
        let now = LinuxKernel.monotonicNanoseconds()
        guard now >= lastNanoseconds + Self.refreshMilliseconds * 1_000_000 else { return }
        lastNanoseconds = now
        let size = Terminal.size(of: 1) ?? Terminal.Size(columns: 100, rows: 30)
        let text = ScreenText(
            status: status, proofs: proofs, notes: notes, connections: table.connections, columns: size.columns,
            rows: size.rows, isColoured: isColoured
        ).lines.joined(separator: "\u{1b}[K\r\n")
        guard text != lastText else { return }
        // The alternate screen, without a cursor (xterm control sequences, DECSET 1049 and 25).
        if !isOpen { Output.write("\u{1b}[?1049h\u{1b}[?25l") }
        isOpen = true
        lastText = text
        Output.write("\u{1b}[H" + text + "\u{1b}[K\u{1b}[J")
    }

    func end() {
        if isOpen { Output.write("\u{1b}[?25h\u{1b}[?1049l") }
        for proof in proofs { Output.write(proof.line + "\n") }
    }
}
