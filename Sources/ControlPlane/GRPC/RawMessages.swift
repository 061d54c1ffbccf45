import Discovery
import GRPCCore

/// Hands the bytes of a message to a reader of ours; what it refuses ends the call.
struct RawMessageReader<Message: Sendable>: MessageDeserializer {
    let read: @Sendable ([UInt8]) throws(DiscoveryFault) -> Message

    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Message {
        // The library shows its bytes in no other way. They are copied while it holds them.
        let copy = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
        do throws(DiscoveryFault) {
            return try read(copy)
        } catch {
            throw RPCError(code: .invalidArgument, message: "\(error)")
        }
    }
}

/// Takes the bytes of a message from us.
struct RawMessageWriter<Message: Sendable>: MessageSerializer {
    let write: @Sendable (Message) -> [UInt8]

    func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes { Bytes(write(message)) }
}
