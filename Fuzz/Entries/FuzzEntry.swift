/// What a stranger's bytes made a parser do that it must not do.
package struct FuzzFault: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// A door through which bytes of strangers come in: the fuzzer knocks at it, and the tests repeat what it found.
///
/// Whatever the bytes, `check` returns in time proportional to their number, without a trap, or throws what is wrong.
package struct FuzzEntry: Sendable {
    /// Also the name of its folders in `Fuzz/Corpus` and `Fuzz/Crashers`, and of its dictionary.
    package let name: String
    /// The longest input that is worth trying, in bytes.
    package let inputLimitBytes: Int
    private let body: @Sendable ([UInt8]) throws(FuzzFault) -> Void

    /// For what has state: `body` makes its own, and checks what must hold of it.
    init(_ name: String, inputLimitBytes: Int, body: @escaping @Sendable ([UInt8]) throws(FuzzFault) -> Void) {
        self.name = name
        self.inputLimitBytes = inputLimitBytes
        self.body = body
    }

    /// For a pure parser: what it reads, or refuses with, is the same the second time.
    init<Reading: Equatable & SendableMetatype>(
        pure name: String, inputLimitBytes: Int, read: @escaping @Sendable ([UInt8]) throws(FuzzFault) -> Reading
    ) {
        self.init(name, inputLimitBytes: inputLimitBytes) { bytes throws(FuzzFault) in
            let first = try read(bytes)
            let second = try read(bytes)
            guard first == second else { throw FuzzFault("read \(first), and then \(second)") }
        }
    }

    package func check(_ bytes: [UInt8]) throws(FuzzFault) { try body(bytes) }

    package static let all: [FuzzEntry] = [
        .address, .adminRequest, .authority, .baggage, .certificateAnswer, .discoveryMessage, .discoveryResource,
        .forwarded, .grpcMessages, .identity, .manifests, .netlink, .podFile, .staticConfiguration, .trustBundle,
        .tunnelClient, .tunnelServer, .yaml, .zdsAgent, .zdsPacket, .zdsProxy,
    ]
}

/// Text of a peer as its bytes become one: what is not UTF-8 is replaced, as with headers.
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// What is read is printed so that it is read again as the same.
func readAgain<Value: LosslessStringConvertible & Equatable>(
    _ type: Value.Type, _ text: String
) throws(FuzzFault) -> Value? {
    guard let value = Value(text) else { return nil }
    guard Value(value.description) == value else {
        throw FuzzFault("\(type) \(text.debugDescription) is printed as \(value.description.debugDescription)")
    }
    return value
}
