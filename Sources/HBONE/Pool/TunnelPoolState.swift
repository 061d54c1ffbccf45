/// Which tunnel a new stream goes on: the pure core of a pool.
///
/// A slot is taken for a stream when it is asked for, whether its tunnel is open or still on its way, so that no tunnel is
/// promised more streams than its peer takes. A tunnel on its way to one destination never holds up another.
package struct TunnelPoolState<Key: Hashable> {
    package typealias ID = UInt64

    package enum Decision: Equatable {
        /// A slot on an open tunnel.
        case use(ID)
        /// A slot on a tunnel that is on its way.
        case wait(ID)
        /// A slot on a tunnel that the caller makes now.
        case make(ID)
    }

    private struct Entry {
        let key: Key
        var isOpen = false
        var streamLimit: Int
        var streams = 0
        /// Seconds since 1970.
        var retiresAt: Int64
        var idleSince: Int64
    }

    /// Streams per tunnel, whatever the peer would take: a lost tunnel takes so many connections with it at most.
    private let streamLimit: Int
    private var entries: [ID: Entry] = [:]
    /// Those that may take new streams, newest last.
    private var available: [Key: [ID]] = [:]
    private var lastID: ID = 0

    package init(streamLimit: Int) { self.streamLimit = streamLimit }

    package var tunnelCount: Int { entries.count }

    /// Takes a slot.
    /// - Parameters:
    ///   - isFresh: only a tunnel made for this will do.
    ///   - retiresAt: when a tunnel that is made now takes its last new stream.
    package mutating func request(_ key: Key, isFresh: Bool = false, now: Int64, retiresAt: Int64) -> Decision {
        if !isFresh, let id = available[key]?.last(where: { hasRoom($0, now) }) {
            entries[id]!.streams += 1
            return entries[id]!.isOpen ? .use(id) : .wait(id)
        }
        lastID += 1
        entries[lastID] = Entry(
            key: key, streamLimit: streamLimit, streams: 1, retiresAt: retiresAt, idleSince: now)
        available[key, default: []].append(lastID)
        return .make(lastID)
    }

    private func hasRoom(_ id: ID, _ now: Int64) -> Bool {
        guard let entry = entries[id] else { return false }
        return entry.streams < entry.streamLimit && now < entry.retiresAt
    }

    /// The tunnel is open; its peer takes so many streams at a time, and its certificate none that begins after
    /// `peerRetiresAt`.
    package mutating func opened(_ id: ID, peerLimit: Int, peerRetiresAt: Int64 = .max) {
        guard let entry = entries[id] else { return }
        entries[id]!.retiresAt = min(entry.retiresAt, peerRetiresAt)
        entries[id]?.isOpen = true
        entries[id]?.streamLimit = max(1, min(streamLimit, peerLimit))
    }

    /// A slot is free again.
    package mutating func released(_ id: ID, now: Int64) {
        guard let entry = entries[id] else { return }
        precondition(entry.streams > 0, "a slot was released twice")
        entries[id]!.streams -= 1
        entries[id]!.idleSince = now
    }

    /// The tunnel takes no new streams.
    package mutating func retired(_ id: ID) {
        guard let key = entries[id]?.key else { return }
        available[key]?.removeAll { $0 == id }
        if available[key]?.isEmpty == true { available[key] = nil }
    }

    /// The tunnel is gone.
    package mutating func lost(_ id: ID) {
        retired(id)
        entries[id] = nil
    }

    /// Open tunnels without a stream since `before`, or that are past their time.
    package func idle(before: Int64, now: Int64) -> [ID] {
        entries.filter {
            $0.value.isOpen && $0.value.streams == 0 && ($0.value.idleSince < before || $0.value.retiresAt <= now)
        }
        .map(\.key)
    }

    /// Of each destination, the tunnels without a stream but one: a burst may have needed more, and whoever comes next needs one.
    package func surplus(before: Int64) -> [ID] {
        available.values.flatMap { ids in
            ids.filter { entries[$0].map { $0.isOpen && $0.streams == 0 } ?? false }.dropLast()
        }
        .filter { entries[$0].map { $0.idleSince < before } ?? false }
    }

    /// Whether there are any, whenever they became so.
    package var hasSurplus: Bool { !surplus(before: .max).isEmpty }

    package func ids(where isMeant: (Key) -> Bool) -> [ID] {
        entries.filter { isMeant($0.value.key) }.map(\.key)
    }
}
