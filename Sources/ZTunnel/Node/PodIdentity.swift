package import Mesh

/// What a node agent calls a pod.
package struct PodIdentity: Hashable, Sendable {
    /// Kubernetes' UID of the pod, not the workload's.
    package let uid: String
    package let name: String
    package let namespace: String
    package let serviceAccount: String

    package init(uid: String, name: String, namespace: String, serviceAccount: String) {
        self.uid = uid
        self.name = name
        self.namespace = namespace
        self.serviceAccount = serviceAccount
    }

    /// As operators write it: `shop/cart-1`.
    package var fullName: String { "\(namespace)/\(name)" }

    /// Who the pod is: the configuration knows, and until it has arrived the node agent's word and our own trust domain count.
    package func spiffe(_ workload: WorkloadEntry?, trustDomain: String) -> SPIFFEIdentity {
        workload?.identity
            ?? SPIFFEIdentity(trustDomain: trustDomain, namespace: namespace, serviceAccount: serviceAccount)
    }
}

extension Snapshot {
    /// A pod's workload: by the uid that control planes give it, else by its name. One of another cluster, or whose
    /// service account is not the one the node agent saw, is another's.
    package func workload(ofPod pod: PodIdentity, clusterID: String) -> WorkloadEntry? {
        let entry =
            workload(uid: "\(clusterID)//Pod/\(pod.namespace)/\(pod.name)")
            ?? workload(named: NamespacedName(namespace: pod.namespace, name: pod.name))
        guard let entry, entry.workload.serviceAccount == pod.serviceAccount, entry.workload.clusterID == clusterID
        else {
            return nil
        }
        return entry
    }
}
