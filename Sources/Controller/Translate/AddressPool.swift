package import Mesh

/// Virtual addresses for hosts that have none of their own: one of each family per host.
///
/// A host's place follows from its name, so that every controller gives it the same; of two that fall on one place the later
/// looks for the next. Who has a place keeps it.
package struct AddressPool: Sendable {
    package struct Host: Hashable, Sendable, Comparable {
        package let entry: NamespacedName
        package let name: String

        package init(entry: NamespacedName, name: String) {
            self.entry = entry
            self.name = name
        }

        package static func < (one: Host, other: Host) -> Bool {
            (one.entry.namespace, one.entry.name, one.name) < (other.entry.namespace, other.entry.name, other.name)
        }
    }

    /// The places of 240.240.0.0/16 and 2001:2::/48 that are given out.
    private static let places: ClosedRange<UInt32> = 1...0xfffe

    private var placeByHost: [Host: UInt32] = [:]
    private var hostByPlace: [UInt32: Host] = [:]
    private var hostsByEntry: [NamespacedName: Set<String>] = [:]

    package init() {}

    /// None for a host that nothing was allocated for.
    package func addresses(of host: Host) -> [IPAddress] {
        guard let place = placeByHost[host] else { return [] }
        return [
            IPAddress(v4: 0xf0f0_0000 | place),
            IPAddress(v6High: 0x2001_0002_0000_0000, low: 0xf0f0_0000 | UInt64(place)),
        ]
    }

    /// - Returns: false when no place is left.
    @discardableResult
    package mutating func allocate(_ host: Host) -> Bool {
        guard placeByHost[host] == nil else { return true }
        guard placeByHost.count < Self.places.count else { return false }
        var place = Self.firstPlace(of: host)
        while hostByPlace[place] != nil { place = place == Self.places.upperBound ? 1 : place + 1 }
        placeByHost[host] = place
        hostByPlace[place] = host
        hostsByEntry[host.entry, default: []].insert(host.name)
        return true
    }

    package mutating func release(_ host: Host) {
        guard let place = placeByHost.removeValue(forKey: host) else { return }
        hostByPlace[place] = nil
        hostsByEntry[host.entry]?.remove(host.name)
        if hostsByEntry[host.entry]?.isEmpty == true { hostsByEntry[host.entry] = nil }
    }

    /// Those of a ServiceEntry that have a place.
    package func hosts(of entry: NamespacedName) -> Set<String> { hostsByEntry[entry] ?? [] }

    private static func firstPlace(of host: Host) -> UInt32 {
        var hash = FNVHash()
        hash.add(host.entry.description)
        hash.add(host.name)
        return places.lowerBound + UInt32(hash.value % UInt128(places.count))
    }
}
