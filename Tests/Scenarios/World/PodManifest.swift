/// Pods and what they stand on, as manifests.
enum PodManifest {
    /// An object that is nothing but its name.
    static func named(_ kind: String, _ name: String) -> String {
        """
        apiVersion: v1
        kind: \(kind)
        metadata:
          name: \(name)
        """
    }

    /// - Parameter name: `namespace/name`.
    static func account(_ name: String) -> String {
        let parts = name.split(separator: "/")
        return """
            apiVersion: v1
            kind: ServiceAccount
            metadata:
              name: \(parts[1])
              namespace: \(parts[0])
            """
    }

    static func proxy(on node: MeshNode) -> String {
        text(
            node.proxyName, in: "slipstream-system", uid: node.proxyName, account: "ztunnel", node: node.number,
            address: node.linkAddress, isEnrolled: false, isOnHostNetwork: true)
    }

    static func pod(_ pod: MeshPod) -> String {
        text(
            pod.name, in: pod.namespace, uid: pod.uid, account: pod.serviceAccount, node: pod.node,
            address: pod.address, isEnrolled: pod.isEnrolled, isOnHostNetwork: false)
    }

    private static func text(
        _ name: String, in namespace: String, uid: String, account: String, node: Int, address: String,
        isEnrolled: Bool, isOnHostNetwork: Bool
    ) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: \(name)
          namespace: \(namespace)
          uid: \(uid)
          labels:
            app: \(name)
            istio.io/dataplane-mode: \(isEnrolled ? "ambient" : "none")
          annotations:
            ambient.istio.io/redirection: \(isEnrolled ? "enabled" : "disabled")
        spec:
          serviceAccountName: \(account)
          nodeName: node-\(node)
          hostNetwork: \(isOnHostNetwork)
          containers:
          - name: main
            image: debian:12
        status:
          phase: Running
          podIP: \(address)
          podIPs:
          - ip: \(address)
          conditions:
          - type: Ready
            status: "True"
        """
    }
}
