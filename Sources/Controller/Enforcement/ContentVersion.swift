import Discovery

/// What an object says, in one number: its spec and those of its labels and annotations that the mesh reads. Equal for equal
/// content in every controller and process.
///
/// Not every object has a generation, and not every change of a generation says something new.
package struct ContentVersion: Hashable, Sendable, CustomStringConvertible {
    private let hash: UInt128

    private init(hash: UInt128) { self.hash = hash }

    package init(of object: KubernetesObject) {
        var hash = FNVHash()
        hash.add(object.reference.description)
        hash.add(YAMLEmitter.text(of: object.body))
        hash.add(object.metadata.labels.filter { MeshLabel.isRead($0.key) })
        hash.add(object.metadata.annotations.filter { MeshAnnotation.isRead($0.key) })
        self.init(hash: hash.value)
    }

    /// 32 hexadecimal digits.
    package var description: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    /// Enough of it to tell versions of one object apart.
    package var short: String { String(description.prefix(12)) }
}

/// FNV-1a of 128 bits. Whoever could make two texts of one hash could as well write either of them.
private struct FNVHash {
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
