/// What holds for the whole mesh and no object says.
package struct MeshSettings: Hashable, Sendable {
    package var trustDomain = "cluster.local"
    package var clusterID = "Kubernetes"
    /// The end of every Service's host name.
    package var clusterDomain = "cluster.local"
    /// Where policies for the whole mesh live.
    package var rootNamespace = "slipstream-system"
    /// Empty for the default network.
    package var network = ""

    package init() {}
}
