/// What the playground scenarios run: a server with two pods, a client, somebody policy does not know, and a namespace that
/// has not opted in.
enum Manifests {
    static let world: [String: String] = [
        "namespaces.yaml": """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: bank
          labels:
            istio.io/dataplane-mode: ambient
        ---
        apiVersion: v1
        kind: Namespace
        metadata:
          name: street
        """,
        "vault.yaml": """
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: vault
          namespace: bank
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: vault
          namespace: bank
        spec:
          replicas: 2
          selector:
            matchLabels:
              app: vault
          template:
            metadata:
              labels:
                app: vault
            spec:
              serviceAccountName: vault
              containers:
              - name: vault
                image: debian:12
                command: [/usr/bin/python3, \(Project.root)/Tests/Support/transfer.py, serve, 0.0.0.0, "7000"]
                ports:
                - containerPort: 7000
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: vault
          namespace: bank
        spec:
          selector:
            app: vault
          ports:
          - port: 80
            targetPort: 7000
        """,
        "people.yaml": """
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: teller
          namespace: bank
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: visitor
          namespace: bank
        ---
        \(pod("teller", in: "bank", node: "node-1"))
        ---
        \(pod("visitor", in: "bank", node: "node-2"))
        ---
        \(pod("passer-by", in: "street", node: "node-1"))
        """,
        "policy.yaml": """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata:
          name: tellers-only
          namespace: bank
        spec:
          action: ALLOW
          rules:
          - from:
            - source:
                principals: [cluster.local/ns/bank/sa/teller]
        """,
        "mode.yaml": peerAuthentication("STRICT"),
    ]

    static func namespace(_ name: String, isInMesh: Bool, waypoint: String = "none") -> String {
        """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: \(name)
          labels:
            istio.io/dataplane-mode: \(isInMesh ? "ambient" : "none")
            istio.io/use-waypoint: \(waypoint)
        """
    }

    /// A pod that serves on port 7000, in a namespace without accounts of its own.
    static func server(_ name: String, in namespace: String, node: String) -> String {
        pod(name, in: namespace, node: node).replacing(
            "[sleep, infinity]",
            with: "[/usr/bin/python3, \(Project.root)/Tests/Support/transfer.py, serve, 0.0.0.0, \"7000\"]")
    }

    static let waypoint = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata:
          name: waypoint
          namespace: bank
        spec:
          gatewayClassName: slipstream-waypoint
          listeners:
          - name: mesh
            port: 15008
            protocol: HBONE
        """

    /// Nobody may speak to anybody in the bank.
    static let closed = """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata:
          name: closed
          namespace: bank
        spec:
          action: DENY
          rules:
          - {}
        """

    static func peerAuthentication(_ mode: String) -> String {
        """
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata:
          name: default
          namespace: bank
        spec:
          mtls:
            mode: \(mode)
        """
    }

    private static func pod(_ name: String, in namespace: String, node: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: \(name)
          namespace: \(namespace)
        spec:
          \(namespace == "bank" ? "serviceAccountName: \(name)" : "serviceAccountName: default")
          nodeName: \(node)
          containers:
          - name: person
            image: debian:12
            command: [sleep, infinity]
        """
    }
}
