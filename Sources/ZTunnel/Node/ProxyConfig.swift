import Discovery

/// `PROXY_CONFIG`: a proxy's settings as a mesh's configuration has them, in YAML. They count where the environment says nothing.
enum ProxyConfig {
    private static let variable = "PROXY_CONFIG"

    /// The environment with what the settings add. Those that mean nothing to this proxy are passed over.
    static func completed(_ environment: [String: String]) throws(ConfigurationError) -> [String: String] {
        guard let text = environment[variable], !text.isEmpty else { return environment }
        do throws(DocumentFault) {
            let documents = try YAMLParser.documents(in: text)
            guard documents.count <= 1 else {
                throw DocumentFault(line: documents[1].line, field: "", problem: "expected one document")
            }
            guard let document = documents.first else { return environment }
            return environment.merging(try settings(document)) { given, _ in given }
        } catch {
            throw ConfigurationError(variable, text, "is not understood: \(error)")
        }
    }

    /// As variables of the environment.
    private static func settings(_ document: YAMLNode) throws(DocumentFault) -> [String: String] {
        var fields = try YAMLFields(document, path: "")
        var settings: [String: String] = [:]
        if let metadata = fields.take("proxyMetadata") {
            settings = try metadata.map(at: "proxyMetadata") { entry, path throws(DocumentFault) in
                (entry.key.text, try entry.value.string(at: path))
            }
        }
        if let address = try fields.take("discoveryAddress")?.string(at: "discoveryAddress") {
            settings["XDS_ADDRESS"] = address
            settings["CA_ADDRESS"] = address
        }
        if let threads = try fields.take("concurrency")?.integer(in: 0...4096, at: "concurrency") {
            settings["ZTUNNEL_WORKER_THREADS"] = "\(threads)"
        }
        // Whoever scrapes another port would find nothing there.
        for (name, port) in [("proxyAdminPort", 15000), ("statsPort", 15020)] {
            guard let node = fields.take(name), try node.port(at: name) != UInt16(port) else { continue }
            throw node.fault(at: name, "expected \(port), which cannot be changed")
        }
        return settings
    }
}
