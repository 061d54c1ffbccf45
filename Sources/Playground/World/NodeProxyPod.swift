import Controller
import Foundation
import Mesh

/// A node's ztunnel as what it is in a cluster: a pod of a DaemonSet, on its node's network, with an account of its own.
struct NodeProxyPod {
    static let account = Kubernetes.ServiceAccount(
        metadata: .init(name: "ztunnel", namespace: World.mesh.rootNamespace))

    let name: NamespacedName
    private let uid = UUID().uuidString.lowercased()
    private let node: String
    private let address: IPAddress

    init(node: String, address: IPAddress) {
        name = NamespacedName(namespace: World.mesh.rootNamespace, name: "ztunnel-\(node)")
        self.node = node
        self.address = address
    }

    func object(isRunning: Bool) -> Kubernetes.Pod {
        var metadata = Kubernetes.ObjectMeta(name: name.name, namespace: name.namespace)
        metadata.labels["app"] = "ztunnel"
        metadata.uid = uid
        metadata.ownerReferences = [
            .init(apiVersion: "apps/v1", kind: "DaemonSet", name: "ztunnel", uid: "", isController: true)
        ]
        var pod = Kubernetes.Pod(metadata: metadata, spec: .init(containers: [.init(name: "istio-proxy")]))
        pod.spec.serviceAccountName = Self.account.metadata.name
        pod.spec.nodeName = node
        pod.spec.hostNetwork = true
        pod.status.podIPs = [address]
        pod.status.phase = isRunning ? .running : .pending
        pod.status.isReady = isRunning
        return pod
    }

    /// Who it is, as its container is told.
    var environment: [String: String] {
        [
            "NODE_NAME": node, "POD_NAME": name.name, "POD_NAMESPACE": name.namespace,
            "SERVICE_ACCOUNT": Self.account.metadata.name, "INSTANCE_IP": address.description,
        ]
    }
}
