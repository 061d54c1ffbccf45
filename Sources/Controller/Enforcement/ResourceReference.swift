package import Mesh

/// A resource as proxies are told it, by its type and name.
package struct ResourceReference: Hashable, Sendable, Comparable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable, Comparable {
        /// A workload by its uid, or a service by `namespace/hostname`.
        case address
        /// A policy by `namespace/name`.
        case authorization

        package static func < (one: Kind, other: Kind) -> Bool { one.rawValue < other.rawValue }
    }

    package let kind: Kind
    package let name: String

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    package static func workload(_ uid: String) -> ResourceReference { .init(.address, uid) }

    package static func service(_ key: NamespacedName) -> ResourceReference { .init(.address, key.description) }

    package static func policy(_ key: NamespacedName) -> ResourceReference { .init(.authorization, key.description) }

    package var description: String { "\(kind.rawValue) \(name)" }

    package static func < (one: ResourceReference, other: ResourceReference) -> Bool {
        (one.kind, one.name) < (other.kind, other.name)
    }
}
