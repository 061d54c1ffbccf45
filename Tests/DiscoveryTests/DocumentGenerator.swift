import Discovery

/// The same numbers for the same seed (splitmix64), so that a failure can be had again.
struct DocumentGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &self) == 0 }

    mutating func pick<Item>(_ items: [Item]) -> Item { items[Int.random(in: 0..<items.count, using: &self)] }

    mutating func list<Item>(upTo limit: Int, _ make: (inout DocumentGenerator) -> Item) -> [Item] {
        (0..<Int.random(in: 0...limit, using: &self)).map { _ in make(&self) }
    }

    /// `text` with a few bytes removed, doubled, exchanged or replaced by what means something in YAML.
    mutating func mutation(of text: String) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes.remove(at: index)
            case 1: bytes.insert(pick(Array(":-{}[],#&*!|>'\"%@\n\t \\?\r.~\0".utf8)), at: index)
            case 2: bytes[index] = UInt8.random(in: 0...255, using: &self)
            case 3: bytes.removeSubrange(index...)
            default: bytes.insert(contentsOf: bytes[index..<min(index + 20, bytes.count)], at: index)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension YAMLNode {
    static func arbitrary(depth: Int, using random: inout DocumentGenerator) -> YAMLNode {
        switch Int.random(in: 0..<(depth > 0 ? 5 : 3), using: &random) {
        case 0: return .literal(Int.random(in: -100...100_000, using: &random))
        case 1, 2: return .text(.arbitrary(using: &random))
        case 3: return .list(random.list(upTo: 4) { .arbitrary(depth: depth - 1, using: &$0) })
        default:
            var seen = Set<String>()
            let entries = random.list(upTo: 4) { random in
                YAMLEntry(
                    key: YAMLScalar(text: .arbitrary(using: &random), style: .quoted),
                    value: .arbitrary(depth: depth - 1, using: &random))
            }
            return YAMLNode(.mapping(entries.filter { seen.insert($0.key.text).inserted }))
        }
    }
}

extension String {
    static func arbitrary(using random: inout DocumentGenerator) -> String {
        let words = [
            "", "a", "name", "10.0.0.1", "::1", "1", "true", "null", "- x", "a: b", "x #y", " lead", "trail ", "\n",
            "two\nlines\n",
            "\t", "\"q\"", "'", "é😀", "\u{85}\u{2028}", "\u{7f}", "spiffe://a/ns/b", "*", "&a", "{", "}", ",", "---",
            "...", "%",
            "\\", "0x1", "-", "?", ":", "/10.0.0.1", "key:", "\u{feff}", "yes",
        ]
        return random.list(upTo: 3) { $0.pick(words) }.joined()
    }
}
