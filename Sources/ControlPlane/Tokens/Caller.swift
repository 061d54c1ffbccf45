/// Who calls, as a token proves it: a service account, and where the token is bound to them, its pod and node.
package struct Caller: Hashable, Sendable {
    package struct BoundPod: Hashable, Sendable {
        package let name: String
        package let uid: String

        package init(name: String, uid: String) {
            self.name = name
            self.uid = uid
        }
    }

    package let namespace: String
    package let serviceAccount: String
    package let pod: BoundPod?
    package let node: String?

    package init(namespace: String, serviceAccount: String, pod: BoundPod? = nil, node: String? = nil) {
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.pod = pod
        self.node = node
    }

    /// `namespace/service-account`.
    package var account: String { "\(namespace)/\(serviceAccount)" }

    /// What those are known by who hold certificates: a pod's name and uid, else the account and its node.
    package var holder: String {
        if let pod { return "\(namespace)/\(pod.name) \(pod.uid)" }
        return "\(account) on \(node ?? "?")"
    }
}
