import CLinux

/// What epoll said of a descriptor. Edge-triggered: said once, true until a call would block.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer sent FIN; bytes may still be waiting before it.
    package static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions are over.
    package static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue)
    package static let failed = Readiness(rawValue: EPOLLERR.rawValue)

    /// Whether a read would tell something new.
    package var callsForRead: Bool { !isDisjoint(with: [.readable, .peerClosed, .hungUp, .failed]) }
    /// Whether a read must be repeated until it returns 0 or an error: a short read no longer means drained.
    package var announcesEnd: Bool { !isDisjoint(with: [.peerClosed, .hungUp, .failed]) }
}

/// A place in the reactor's table and how often that place had been used before: an event for a descriptor that was
/// closed earlier in the same batch carries an old generation and is dropped.
package struct Token: Hashable, Sendable {
    package let index: UInt32
    package let generation: UInt32

    package init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    package var word: UInt64 { UInt64(generation) << 32 | UInt64(index) }

    package init(word: UInt64) {
        index = UInt32(truncatingIfNeeded: word)
        generation = UInt32(truncatingIfNeeded: word >> 32)
    }
}
