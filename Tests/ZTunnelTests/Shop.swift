import Mesh

/// A small mesh to test with: `frontend`, `cart` and two `catalog`s behind tunnels, `legacy` without.
struct Shop {
    static let vip = IPAddress("10.96.0.10")!
    static let catalog = NamespacedName("shop/catalog.shop.svc.cluster.local")!

    var configuration: MeshConfiguration

    init() {
        var catalog = Service(name: "catalog", namespace: "shop", hostname: "catalog.shop.svc.cluster.local")
        catalog.addresses = [NetworkAddress(ip: Self.vip)]
        catalog.ports = [80: .init(target: 8080)]
        configuration = MeshConfiguration(
            workloads: [
                Self.pod("frontend", "10.244.1.2"), Self.pod("cart", "10.244.1.3"),
                Self.pod("legacy", "10.244.2.9") { $0.tunnelProtocol = .tcp },
                Self.pod("catalog-v1", "10.244.1.4") { $0.services = [Self.catalog: [80: 8080]] },
                Self.pod("catalog-v2", "10.244.2.4") { $0.services = [Self.catalog: [80: 8082]] },
            ], services: [catalog])
    }

    static func pod(_ name: String, _ ip: String, change: (inout Workload) -> Void = { _ in }) -> Workload {
        var pod = Workload(uid: "Kubernetes//Pod/shop/\(name)", name: name, namespace: "shop")
        pod.serviceAccount = String(name.prefix { $0 != "-" })
        pod.addresses = [IPAddress(ip)!]
        pod.tunnelProtocol = .hbone
        pod.node = "node-1"
        change(&pod)
        return pod
    }

    static func identity(_ serviceAccount: String) -> SPIFFEIdentity {
        SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: serviceAccount)
    }

    mutating func changeService(_ change: (inout Service) -> Void) { change(&configuration.services[0]) }

    mutating func change(_ name: String, _ change: (inout Workload) -> Void) {
        let index = configuration.workloads.firstIndex { $0.name == name }!
        change(&configuration.workloads[index])
    }

    var snapshot: Snapshot { Snapshot(configuration) }

    func entry(_ name: String) -> WorkloadEntry { snapshot.workload(uid: "Kubernetes//Pod/shop/\(name)")! }
}
