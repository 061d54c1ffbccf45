import Mesh

/// Which addresses the playground's world is made of. All of them live in namespaces of its own, so none can clash with
/// the machine's.
enum AddressPlan {
    /// As many as there are third bytes for their pods; far fewer fit one machine.
    static let nodeLimit = 64
    static let podsPerNodeLimit = 200

    /// The link between the nodes.
    static let linkPrefixLength = 24
    /// `node-1` has the address ending in 1.
    static func linkAddress(ofNode number: Int) -> IPAddress { v4(172, 30, 0, number) }
    /// On the link itself.
    static let controllerAddress = v4(172, 30, 0, 254)

    static let podPrefixLength = 24
    static func podNetwork(ofNode number: Int) -> String { "\(v4(10, 244, number, 0))/\(podPrefixLength)" }
    /// The node as its pods see it: their router and resolver.
    static func gateway(ofNode number: Int) -> IPAddress { v4(10, 244, number, 1) }
    /// Of every node's bridge. Fixed, because a bridge left to itself takes the lowest address of its ports: with a new pod it
    /// would change, and the others go on sending to the old one for a minute.
    static let gatewayHardwareAddress = "02:00:00:00:00:01"
    static func podAddress(onNode number: Int, slot: Int) -> IPAddress { v4(10, 244, number, 2 + slot) }

    static let serviceNetwork = "10.96.0.0/16"
    /// The first 256 are left to addresses that manifests ask for.
    static let serviceSlots = 256..<65_535
    static func serviceAddress(slot: Int) -> IPAddress { v4(10, 96, slot >> 8, slot & 0xff) }

    private static func v4(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> IPAddress {
        IPAddress(v4: UInt32(a << 24 | b << 16 | c << 8 | d))
    }
}

/// The addresses of pods: one each, and none given again while others are free, so that an old connection does not reach
/// a new pod.
struct PodAddresses: Sendable {
    private struct Node {
        var taken: Set<Int> = []
        var next = 0
    }

    private var nodes: [Int: Node] = [:]

    init() {}

    /// Nil when the node is full.
    mutating func take(onNode number: Int) -> IPAddress? {
        let limit = AddressPlan.podsPerNodeLimit
        var node = nodes[number] ?? Node()
        let slots = (0..<limit).lazy.map { (node.next + $0) % limit }
        guard let slot = slots.first(where: { [taken = node.taken] in !taken.contains($0) }) else { return nil }
        node.taken.insert(slot)
        node.next = (slot + 1) % limit
        nodes[number] = node
        return AddressPlan.podAddress(onNode: number, slot: slot)
    }

    mutating func giveBack(_ address: IPAddress, onNode number: Int) {
        nodes[number]?.taken.remove(Int(address.low & 0xff) - 2)
    }
}

/// The virtual addresses of services. One that a service had once it has for ever, in this run and, since the choice
/// starts from its name, nearly always in the next.
struct ServiceAddresses: Sendable {
    private var byService: [NamespacedName: IPAddress] = [:]
    private var taken: Set<IPAddress> = []

    init() {}

    /// Gives each service its address. What manifests ask for (`spec.clusterIP`) is set aside first.
    mutating func assign(
        _ services: [(name: NamespacedName, asked: IPAddress?)]
    ) -> [NamespacedName: IPAddress] {
        for (name, asked) in services {
            guard let asked else { continue }
            byService[name] = asked
            taken.insert(asked)
        }
        for name in services.map(\.name).sorted(by: { $0.description < $1.description }) where byService[name] == nil {
            byService[name] = free(for: name)
        }
        let names = Set(services.map(\.name))
        return byService.filter { names.contains($0.key) }
    }

    private mutating func free(for name: NamespacedName) -> IPAddress? {
        let slots = AddressPlan.serviceSlots
        let start = Int(StableHash(name.description).value % UInt64(slots.count))
        for step in 0..<slots.count {
            let address = AddressPlan.serviceAddress(slot: slots.lowerBound + (start + step) % slots.count)
            if taken.insert(address).inserted { return address }
        }
        return nil
    }
}
