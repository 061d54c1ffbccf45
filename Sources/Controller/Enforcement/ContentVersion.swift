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
        let said = object.body.entries.filter { $0.key.text != "status" }
        hash.add(YAMLEmitter.text(of: YAMLNode(.mapping(said))))
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
