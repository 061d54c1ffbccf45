extension Kubernetes {
    package struct Namespace: Hashable, Sendable {
        package var metadata: ObjectMeta

        package init(metadata: ObjectMeta) { self.metadata = metadata }
    }

    package struct ServiceAccount: Hashable, Sendable {
        package var metadata: ObjectMeta

        package init(metadata: ObjectMeta) { self.metadata = metadata }
    }
}
