extension Kubernetes {
    /// A volume with a token of the pod's service account; of others nothing is known.
    package struct TokenVolume: Hashable, Sendable {
        package var name: String
        /// For whom the token is.
        package var audience: String
        package var expirationSeconds = 3600
        /// The token's file, below where the volume is mounted.
        package var path: String

        package init(name: String, audience: String, path: String) {
            self.name = name
            self.audience = audience
            self.path = path
        }
    }

    /// Where a container sees a volume.
    package struct VolumeMount: Hashable, Sendable {
        package var name: String
        package var mountPath: String

        package init(name: String, mountPath: String) {
            self.name = name
            self.mountPath = mountPath
        }
    }
}
