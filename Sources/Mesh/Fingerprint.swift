/// What a certificate is known by: SHA-256 over its DER.
package struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    package static let length = 32

    /// Exactly 32.
    package let bytes: [UInt8]

    /// Nil when it cannot be one.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length else { return nil }
        self.bytes = bytes
    }

    /// From 64 hexadecimal digits.
    package init?(hexadecimal text: String) {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 2 * Self.length, !digits.contains(nil) else { return nil }
        bytes = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(truncatingIfNeeded: (digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0))
        }
    }

    /// Lower-case hexadecimal.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
