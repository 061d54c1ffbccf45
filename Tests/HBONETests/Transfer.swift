import HBONE

/// A number of pseudo-random bytes on their way from one application to another, checked as they arrive.
struct Transfer {
    private let source: Application
    private let target: Application
    private let total: Int
    private var outgoing: ByteSequence
    private var incoming: ByteSequence
    private var unsent: ArraySlice<UInt8> = []
    private var made = 0
    private var arrived = 0
    private var isFinished = false
    private var hasEnd = false

    init(from source: Application, to target: Application, seed: UInt64, bytes: Int) {
        self.source = source
        self.target = target
        total = bytes
        outgoing = ByteSequence(seed: seed)
        incoming = ByteSequence(seed: seed)
    }

    /// Every byte arrived as it was sent, and the end behind them.
    var hasArrived: Bool { arrived == total && hasEnd }

    mutating func step() {
        stepSending()
        stepReceiving()
    }

    mutating func stepSending() {
        if unsent.isEmpty, made < total {
            let count = min(200_000, total - made)
            unsent = outgoing.next(count)[...]
            made += count
        }
        if !unsent.isEmpty { unsent = unsent.dropFirst(source.write(unsent)) }
        if unsent.isEmpty, made == total, !isFinished {
            isFinished = true
            source.finish()
        }
    }

    private mutating func stepReceiving() {
        guard !hasEnd else { return }
        switch target.read() {
        case .bytes(let bytes):
            precondition(bytes == incoming.next(bytes.count), "wrong bytes after \(arrived)")
            arrived += bytes.count
        case .end: hasEnd = true
        case .nothing: break
        case .reset: preconditionFailure("reset after \(arrived) bytes")
        }
    }
}

/// Bytes that look random: a block of SplitMix64's output, over and over; its length is a prime, so that no buffer's size divides it.
struct ByteSequence {
    private let block: [UInt8]
    private var position = 0

    init(seed: UInt64) {
        var state = seed
        block = (0..<65_537).map { _ in
            state &+= 0x9e37_79b9_7f4a_7c15
            return UInt8(truncatingIfNeeded: (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9 >> 56)
        }
    }

    mutating func next(_ count: Int) -> [UInt8] {
        defer { position += count }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let start = (position + bytes.count) % block.count
            bytes += block[start..<min(block.count, start + count - bytes.count)]
        }
        return bytes
    }
}
