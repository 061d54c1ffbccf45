import CMnl

/// One message of an answer: its header's fields and its bytes. A pure value, made of bytes that were checked.
package struct NetlinkMessage: Equatable {
    static let headerBytes = 16

    let type: UInt16
    let flags: UInt16
    package let sequence: UInt32
    /// The whole message, header included, without padding.
    let bytes: [UInt8]

    var payload: ArraySlice<UInt8> { bytes[Self.headerBytes...] }

    /// The messages of one datagram, in order. Each must lie within it (netlink(7), nlmsghdr).
    package static func split(_ datagram: [UInt8]) throws(NetlinkError) -> [NetlinkMessage] {
        var messages: [NetlinkMessage] = []
        var rest = datagram[...]
        while !rest.isEmpty {
            guard rest.count >= headerBytes else { throw .malformed("\(rest.count) bytes are left, a header has 16") }
            let length = Int(UInt32(native: rest.prefix(4)))
            guard (headerBytes...rest.count).contains(length) else {
                throw .malformed("a message of \(length) bytes in \(rest.count)")
            }
            messages.append(NetlinkMessage(checked: rest.prefix(length)))
            rest = rest.dropFirst(aligned(length))
        }
        return messages
    }

    private init(checked message: ArraySlice<UInt8>) {
        type = UInt16(native: message.dropFirst(4).prefix(2))
        flags = UInt16(native: message.dropFirst(6).prefix(2))
        sequence = UInt32(native: message.dropFirst(8).prefix(4))
        bytes = Array(message)
    }

    static func aligned(_ length: Int) -> Int { (length + 3) & ~3 }
}

extension NetlinkMessage {
    var isDone: Bool { type == UInt16(NLMSG_DONE) }

    /// The tables changed while they were read out: what came is no snapshot.
    var wasInterrupted: Bool { flags & UInt16(NLM_F_DUMP_INTR) != 0 }

    /// The answer to a message that asked for one: the kernel's error code, 0 for success, and its words. Nil when this
    /// is not such an answer. With NETLINK_CAP_ACK the refused message is not repeated, so attributes follow its
    /// header.
    package func acknowledgement() throws(NetlinkError) -> (code: CInt, explanation: String?)? {
        guard type == UInt16(NLMSG_ERROR) else { return nil }
        guard payload.count >= 4 + Self.headerBytes else { throw .malformed("an error of \(payload.count) bytes") }
        let code = -Int32(bitPattern: UInt32(native: payload.prefix(4)))
        guard code >= 0 else { throw .malformed("error code \(-code)") }
        return (code, try explanation())
    }

    private func explanation() throws(NetlinkError) -> String? {
        guard flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return nil }
        let isCapped = flags & UInt16(NLM_F_CAPPED) != 0
        let refusedBytes = Int(UInt32(native: payload.dropFirst(4).prefix(4)))
        let repeated = isCapped ? Self.headerBytes : max(Self.headerBytes, Self.aligned(refusedBytes))
        let attributes = try NetlinkAttributes(payload.dropFirst(4 + repeated))
        return attributes.text(NLMSGERR_ATTR_MSG.rawValue)
    }
}
