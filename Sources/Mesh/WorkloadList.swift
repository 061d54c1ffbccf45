/// Workloads in the order of their uids, in pieces of which a change copies one: a service of ten thousand endpoints does
/// not cost ten thousand when one of them changes.
struct WorkloadList: Sendable {
    fileprivate final class Piece: Sendable {
        let entries: [WorkloadEntry]
        /// The sum of the capacities up to and including each.
        let capacities: [UInt64]

        init(_ entries: [WorkloadEntry]) {
            self.entries = entries
            var sum: UInt64 = 0
            capacities = entries.map { entry in
                sum += UInt64(entry.workload.capacity)
                return sum
            }
        }

        var capacity: UInt64 { capacities.last ?? 0 }
    }

    private static let pieceMax = 128

    /// None is empty.
    private var pieces: [Piece] = []
    /// The sum of the capacities up to and including each piece.
    private var capacities: [UInt64] = []
    private(set) var count = 0

    init() {}

    /// - Parameter entries: in the order of their uids, each once.
    init(sorted entries: [WorkloadEntry]) {
        count = entries.count
        pieces = stride(from: 0, to: entries.count, by: Self.pieceMax / 2).map {
            Piece(Array(entries[$0...].prefix(Self.pieceMax / 2)))
        }
        sum()
    }

    var capacity: UInt64 { capacities.last ?? 0 }

    /// The workload to whom this place belongs when each takes up as many as its capacity; `place` must be below the sum.
    func entry(atCapacity place: UInt64) -> WorkloadEntry {
        let piece = capacities.partition { $0 > place }
        let before = piece == 0 ? 0 : capacities[piece - 1]
        return pieces[piece].entries[pieces[piece].capacities.partition { $0 > place - before }]
    }

    mutating func put(_ entry: WorkloadEntry) {
        guard let piece = index(for: entry.workload.uid) else {
            pieces = [Piece([entry])]
            count = 1
            return sum()
        }
        var entries = pieces[piece].entries
        let place = entries.partition { $0.workload.uid >= entry.workload.uid }
        if place < entries.count, entries[place].workload.uid == entry.workload.uid {
            entries[place] = entry
        } else {
            entries.insert(entry, at: place)
            count += 1
        }
        replace(piece, with: entries)
    }

    mutating func remove(uid: String) {
        guard let piece = index(for: uid) else { return }
        var entries = pieces[piece].entries
        let place = entries.partition { $0.workload.uid >= uid }
        guard place < entries.count, entries[place].workload.uid == uid else { return }
        entries.remove(at: place)
        count -= 1
        replace(piece, with: entries)
    }

    /// The piece that holds this uid, or would. Nil when there is none.
    private func index(for uid: String) -> Int? {
        guard !pieces.isEmpty else { return nil }
        return Swift.min(pieces.partition { ($0.entries.last?.workload.uid ?? "") >= uid }, pieces.count - 1)
    }

    private mutating func replace(_ piece: Int, with entries: [WorkloadEntry]) {
        let half = entries.count / 2
        if entries.isEmpty {
            pieces.remove(at: piece)
        } else if entries.count > Self.pieceMax {
            pieces.replaceSubrange(
                piece...piece, with: [Piece(Array(entries[..<half])), Piece(Array(entries[half...]))])
        } else if piece > 0, pieces[piece - 1].entries.count + entries.count <= Self.pieceMax / 2 {
            pieces.replaceSubrange(piece - 1...piece, with: [Piece(pieces[piece - 1].entries + entries)])
        } else {
            pieces[piece] = Piece(entries)
        }
        sum()
    }

    private mutating func sum() {
        var sum: UInt64 = 0
        capacities = pieces.map { piece in
            sum += piece.capacity
            return sum
        }
    }
}

extension WorkloadList: Sequence {
    struct Iterator: IteratorProtocol {
        private let pieces: [Piece]
        private var place = (piece: 0, entry: 0)

        fileprivate init(_ pieces: [Piece]) { self.pieces = pieces }

        mutating func next() -> WorkloadEntry? {
            guard place.piece < pieces.count else { return nil }
            let entries = pieces[place.piece].entries
            defer { place = place.entry + 1 < entries.count ? (place.piece, place.entry + 1) : (place.piece + 1, 0) }
            return entries[place.entry]
        }
    }

    func makeIterator() -> Iterator { Iterator(pieces) }
    var underestimatedCount: Int { count }
}

extension Array {
    /// The first place from which on `isBehind` holds; it must hold for no element before one for which it does not.
    func partition(_ isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
