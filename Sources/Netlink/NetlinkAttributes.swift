import CMnl

/// The attributes of a message, or those nested in one, by type. A pure value. Of attributes with one type the last
/// counts.
struct NetlinkAttributes {
    private var values: [UInt16: ArraySlice<UInt8>] = [:]

    /// Each attribute must lie within `bytes` (netlink(7), nlattr).
    init(_ bytes: ArraySlice<UInt8>) throws(NetlinkError) {
        var rest = bytes
        // Fewer than a header's bytes are padding.
        while rest.count >= Self.headerBytes {
            let length = Int(UInt16(native: rest.prefix(2)))
            guard (Self.headerBytes...rest.count).contains(length) else {
                throw .malformed("an attribute of \(length) bytes in \(rest.count)")
            }
            let type = UInt16(native: rest.dropFirst(2).prefix(2)) & Self.typeMask
            values[type] = rest.prefix(length).dropFirst(Self.headerBytes)
            rest = rest.dropFirst(NetlinkMessage.aligned(length))
        }
    }

    private static let headerBytes = 4
    /// Two bits tell of nesting and byte order (NLA_TYPE_MASK, a macro that Swift does not see).
    private static let typeMask: UInt16 = 0x3fff

    subscript(type: UInt16) -> ArraySlice<UInt8>? { values[type] }

    /// A number in the host's byte order, as rtnetlink writes it; nil when it is not there or has another size.
    func native(_ type: some FixedWidthInteger) -> UInt32? {
        values[UInt16(type)].flatMap { $0.count == 4 ? UInt32(native: $0) : nil }
    }

    /// A number in network byte order, as netfilter writes it; nil when it is not there or has another size.
    func big(_ type: some FixedWidthInteger) -> UInt32? { native(type).map(UInt32.init(bigEndian:)) }

    /// A number of one byte.
    func byte(_ type: some FixedWidthInteger) -> UInt8? {
        values[UInt16(type)].flatMap { $0.count == 1 ? $0.first : nil }
    }

    /// A text that is ended by a zero.
    func text(_ type: some FixedWidthInteger) -> String? {
        values[UInt16(type)].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// What is nested in an attribute; nothing when it is not there.
    func nested(_ type: some FixedWidthInteger) throws(NetlinkError) -> NetlinkAttributes {
        try NetlinkAttributes(values[UInt16(type)] ?? [])
    }
}

extension FixedWidthInteger {
    /// From exactly as many bytes as the integer has, in the host's order.
    init(native bytes: ArraySlice<UInt8>) {
        precondition(bytes.count == Self.bitWidth / 8, "\(bytes.count) bytes for \(Self.self)")
        self = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: Self.self) }
    }

    /// The bytes of this integer in the host's order.
    var nativeBytes: [UInt8] {
        unsafe withUnsafeBytes(of: self) { unsafe Array($0) }
    }
}
