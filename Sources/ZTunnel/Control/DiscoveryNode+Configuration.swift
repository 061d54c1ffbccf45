package import Discovery
import Mesh

extension DiscoveryNode {
    /// As the control plane knows proxies, and two keys of our own: the version, which says that an acknowledgement means
    /// enforced, and a name for this process: an old one and a new one of a node are two proxies.
    package init(
        _ kind: Configuration.ProxyKind, environment: [String: String], nodeName: String, clusterID: String
    ) throws(ConfigurationError) {
        let address = environment["INSTANCE_IP"].flatMap { $0.isEmpty ? nil : $0 } ?? "1.1.1.1"
        let (name, namespace) = (environment["POD_NAME"] ?? "", environment["POD_NAMESPACE"] ?? "")
        var metadata: [String: MetadataValue] = [
            "NAME": .string(name), "NAMESPACE": .string(namespace), "INSTANCE_IPS": .string(address),
            "NODE_NAME": .string(nodeName),
        ]
        if let account = environment["SERVICE_ACCOUNT"], !account.isEmpty {
            metadata["SERVICE_ACCOUNT"] = .string(account)
        }
        for (variable, value) in environment where variable.hasPrefix("ISTIO_META_") {
            metadata[String(variable.dropFirst("ISTIO_META_".count))] = .string(value)
        }
        for (variable, text) in environment where variable.hasPrefix("ISTIO_METAJSON_") {
            guard let value = MetadataValue(json: text) else { throw ConfigurationError(variable, text, "is no JSON") }
            metadata[String(variable.dropFirst("ISTIO_METAJSON_".count))] = value
        }
        metadata["SLIPSTREAM_VERSION"] = .string(Version.current)
        let words = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }
        metadata["SLIPSTREAM_PROCESS"] = .string(words.joined(separator: "-"))
        self.init(
            id: "\(kind.rawValue)~\(address)~\(name).\(namespace)~\(namespace).svc.cluster.local", cluster: clusterID,
            metadata: metadata)
    }
}
