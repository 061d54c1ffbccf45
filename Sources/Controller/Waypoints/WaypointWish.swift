package import Mesh

/// The waypoint that an object asks for: by its own labels, or else by its namespace's.
package struct WaypointWish: Hashable, Sendable {
    package let gateway: NamespacedName
    /// Said by the object itself.
    package let isOwn: Bool
    /// A second waypoint, which gets a share of the connections.
    package private(set) var canary: NamespacedName?
    /// In percent; nil when what is written there is no such number.
    package private(set) var canaryWeight: UInt32? = 0

    /// Nil for an object that asks for none, or for `none`. An own wish hides all that the namespace says.
    package init?(of object: Kubernetes.ObjectMeta, in namespace: Kubernetes.Namespace?) {
        if object.labels[MeshLabel.useWaypoint] != nil {
            self.init(labelling: object, home: object.namespace, isOwn: true)
        } else if let namespace {
            self.init(labelling: namespace.metadata, home: namespace.metadata.name, isOwn: false)
        } else {
            return nil
        }
    }

    private init?(labelling object: Kubernetes.ObjectMeta, home: String, isOwn: Bool) {
        guard let gateway = Self.gateway(object, MeshLabel.useWaypoint, MeshLabel.useWaypointNamespace, home: home)
        else {
            return nil
        }
        self.gateway = gateway
        self.isOwn = isOwn
        canary = Self.gateway(object, MeshLabel.useCanary, MeshLabel.useCanaryNamespace, home: home)
        if let weight = object.annotations[MeshAnnotation.canaryWeight] {
            canaryWeight = UInt32(weight).flatMap { $0 <= 100 ? $0 : nil }
        }
    }

    /// Every Gateway that the labels of an object, or of a namespace, name.
    static func gateways(labelling object: Kubernetes.ObjectMeta, home: String) -> Set<NamespacedName> {
        let wish = WaypointWish(labelling: object, home: home, isOwn: true)
        return Set([wish?.gateway, wish?.canary].compactMap { $0 })
    }

    private static func gateway(
        _ object: Kubernetes.ObjectMeta, _ nameLabel: String, _ namespaceLabel: String, home: String
    ) -> NamespacedName? {
        guard let name = object.labels[nameLabel], !name.isEmpty, name != "none" else { return nil }
        let namespace = object.labels[namespaceLabel].flatMap { $0.isEmpty ? nil : $0 } ?? home
        return NamespacedName(namespace: namespace, name: name)
    }
}
