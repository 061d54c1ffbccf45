/// Takes a stream of bytes apart into messages ("gRPC over HTTP/2", Length-Prefixed-Message): a flag, four bytes of length,
/// and so many of message.
///
/// Memory grows with what has come, not with what a peer announces, and goes with the message.
package struct GRPCMessageReader {
    private static let prefixCount = 5
    private static let reservedBytesMax = 1 << 20

    private let limitBytes: Int
    private var prefix: [UInt8] = []
    private var body: [UInt8] = []
    /// Of the message that is coming; nil while its prefix is not whole.
    private var length: Int?
    private var messages: [[UInt8]] = []
    private var firstMessage = 0

    package init(limitBytes: Int) {
        self.limitBytes = limitBytes
        prefix.reserveCapacity(Self.prefixCount)
    }

    /// - Throws: when a message is compressed, which we never asked for, or longer than the limit. Nothing after that is read.
    package mutating func take(_ bytes: [UInt8]) throws(GRPCStatus) { try take(bytes[...]) }

    package mutating func take(_ bytes: ArraySlice<UInt8>) throws(GRPCStatus) {
        var rest = bytes
        while !rest.isEmpty {
            if let length {
                let part = rest.prefix(length - body.count)
                body += part
                rest = rest.dropFirst(part.count)
            } else {
                let part = rest.prefix(Self.prefixCount - prefix.count)
                prefix += part
                rest = rest.dropFirst(part.count)
                if prefix.count == Self.prefixCount { try begin() }
            }
            if body.count == length { finish() }
        }
    }

    private mutating func begin() throws(GRPCStatus) {
        guard prefix[0] == 0 else { throw GRPCStatus(.internal, "the server sent a compressed message") }
        let announced = prefix[1...].reduce(0) { $0 << 8 | Int($1) }
        guard announced <= limitBytes else {
            throw GRPCStatus(.resourceExhausted, "a message of \(announced) bytes is longer than \(limitBytes)")
        }
        length = announced
        body.reserveCapacity(min(announced, Self.reservedBytesMax))
    }

    private mutating func finish() {
        messages.append(body)
        body = []
        length = nil
        prefix.removeAll(keepingCapacity: true)
    }

    /// The next whole message.
    package mutating func next() -> [UInt8]? {
        guard firstMessage < messages.count else { return nil }
        defer {
            firstMessage += 1
            if firstMessage == messages.count {
                messages = []
                firstMessage = 0
            }
        }
        return messages[firstMessage]
    }

    package var hasMessage: Bool { firstMessage < messages.count }

    /// Whether a message has begun and is not whole.
    package var isWithinMessage: Bool { !prefix.isEmpty }

    /// A message as it is sent.
    static func prefix(ofMessage count: Int) -> [UInt8] {
        [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
    }
}
