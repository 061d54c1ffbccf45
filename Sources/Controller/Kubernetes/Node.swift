extension Kubernetes {
    package struct Node: Hashable, Sendable {
        package struct Address: Hashable, Sendable {
            /// `InternalIP`, `ExternalIP`, `Hostname` and so on.
            package var type: String
            package var address: String

            package init(type: String, address: String) {
                self.type = type
                self.address = address
            }
        }

        package var metadata: ObjectMeta
        /// Networks that its pods' addresses are taken from.
        package var podCIDRs: [String] = []
        package var addresses: [Address] = []

        package init(metadata: ObjectMeta) { self.metadata = metadata }
    }
}
