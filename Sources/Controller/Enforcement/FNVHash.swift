/// FNV-1a of 128 bits. Whoever could make two texts of one hash could as well write either of them.
struct FNVHash {
    private static let prime = UInt128(1) << 88 | 0x13b
    private(set) var value: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

    /// Texts are separated by a byte that UTF-8 does not have.
    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        add(0xff)
    }

    mutating func add(_ pairs: [String: String]) {
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            add(key)
            add(value)
        }
        add(0xfe)
    }

    private mutating func add(_ byte: UInt8) {
        value = (value ^ UInt128(byte)) &* Self.prime
    }
}
