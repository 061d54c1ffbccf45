/// Certificates as text (RFC 7468).
enum PEM {
    private static let lineLength = 64

    static func certificate(_ der: [UInt8]) -> [UInt8] {
        var text = Array("-----BEGIN CERTIFICATE-----\n".utf8)
        var rest = Array(der.base64.utf8)[...]
        while !rest.isEmpty {
            text += rest.prefix(lineLength)
            text.append(0x0a)
            rest = rest.dropFirst(lineLength)
        }
        text += Array("-----END CERTIFICATE-----\n".utf8)
        return text
    }
}

extension [UInt8] {
    /// RFC 4648 §4, with padding.
    var base64: String {
        let alphabet = Array<UInt8>("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((count + 2) / 3 * 4)
        for start in stride(from: 0, to: count, by: 3) {
            let group = self[start..<Swift.min(start + 3, count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for place in 0..<4 {
                let isPadding = place > group.count
                text.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 0x3f)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
