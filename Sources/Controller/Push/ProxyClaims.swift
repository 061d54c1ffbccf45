package import Discovery

/// What a proxy says of itself when it asks for configuration.
extension DiscoveryNode {
    /// The first word of `proxy~address~pod.namespace~domain`.
    package var proxyType: String { idParts.first ?? "" }

    /// `namespace/pod`, from the id; the whole id when it is of another form.
    package var podName: String {
        guard idParts.count == 4, let dot = idParts[2].lastIndex(of: ".") else { return id }
        return "\(idParts[2][idParts[2].index(after: dot)...])/\(idParts[2][..<dot])"
    }

    package var nodeName: String { text("NODE_NAME") ?? "" }
    package var namespace: String? { text("NAMESPACE") }
    package var serviceAccount: String? { text("SERVICE_ACCOUNT") }

    /// Ours says so: what it acknowledges is in force.
    package var ourVersion: String? { text("SLIPSTREAM_VERSION") }

    /// Tells a process from an earlier one under the same name.
    package var process: String { text("SLIPSTREAM_PROCESS") ?? "" }

    private var idParts: [String] { id.split(separator: "~", omittingEmptySubsequences: false).map(String.init) }

    private func text(_ key: String) -> String? {
        guard case .string(let text)? = metadata[key] else { return nil }
        return text
    }
}
