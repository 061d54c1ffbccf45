import Mesh

/// A pod of a scenario: a network namespace on one of the nodes.
struct MeshPod: Hashable {
    let name: String
    let node: Int
    /// The last byte of its address.
    let number: Int
    /// Whether it is in the mesh from the start.
    var isEnrolled = true
    /// Whether it is a machine with a ztunnel of its own, rather than a pod of the node's.
    var isDedicated = false
    var namespace = "shop"
    /// Several pods may share one; nil for the pod's name.
    var sharedAccount: String?
    /// The node from whose range its address is, when that is not the one it runs on.
    var addressNode: Int?

    var namespaceName: String { "\(NamespaceMesh.prefix)\(name)" }
    var uid: String { "uid-\(name)" }
    var serviceAccount: String { sharedAccount ?? name }
    var address: String { "10.246.\(addressNode ?? node).\(number)" }
    var identity: String { "spiffe://cluster.local/ns/\(namespace)/sa/\(serviceAccount)" }

    /// Who lives in most scenarios: clients on both nodes, a server, and one that is not in the mesh.
    static let client = MeshPod(name: "client", node: 1, number: 10)
    static let server = MeshPod(name: "server", node: 2, number: 20)
    static let neighbour = MeshPod(name: "neighbour", node: 2, number: 21)
    static let outsider = MeshPod(name: "outsider", node: 1, number: 11, isEnrolled: false)

    /// The same, as a machine that serves itself.
    var dedicated: MeshPod {
        var pod = self
        pod.isDedicated = true
        return pod
    }

    /// As the proxies are told of it.
    var workload: Workload {
        var workload = Workload(uid: "Kubernetes//Pod/\(namespace)/\(name)", name: name, namespace: namespace)
        workload.serviceAccount = serviceAccount
        workload.addresses = [IPAddress(address)].compactMap { $0 }
        workload.tunnelProtocol = isEnrolled ? .hbone : .tcp
        workload.node = "node-\(node)"
        workload.workloadName = name
        workload.canonicalName = name
        return workload
    }
}
