/// FNV-1a, 64 bits: the same text gives the same number in every run, as Swift's own hashing does not.
struct StableHash {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    init(_ text: String) { add(text) }

    mutating func add(_ text: String) {
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    /// Letters and digits that make no words and are not mistaken for each other, as Kubernetes uses them in names.
    static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")

    /// The first `count` characters of the number in that alphabet.
    func text(_ count: Int) -> String {
        var rest = value
        return String(
            (0..<count).map { _ in
                defer { rest /= UInt64(Self.alphabet.count) }
                return Self.alphabet[Int(rest % UInt64(Self.alphabet.count))]
            })
    }
}
