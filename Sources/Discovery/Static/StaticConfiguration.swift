package import Mesh

/// The configuration of a data plane as one YAML file: the form of ztunnel's `LOCAL_XDS_PATH`, in the field names of its
/// `config_dump`.
///
/// ```yaml
/// workloads:
/// - uid: Kubernetes//Pod/shop/cart
///   name: cart
///   namespace: shop
///   workloadIps: [10.244.1.2]
///   protocol: HBONE
///   services:
///     shop/cart.shop.svc.cluster.local: {80: 8080}
/// services:
/// - name: cart
///   namespace: shop
///   hostname: cart.shop.svc.cluster.local
///   vips: [/10.96.0.1]
///   ports: {80: 8080}
/// policies:
/// - name: nobody
///   namespace: shop
///   scope: Namespace
///   action: Deny
///   rules: [[[{notPrincipals: [{Presence: []}]}]]]
/// ```
///
/// One field is ours: a service's `appProtocols`, by port.
package enum StaticConfiguration {
    /// - Parameter file: what errors call the text.
    /// - Throws: on anything that is malformed, unknown, out of range or given twice. Nothing is skipped: what is left of a
    ///   policy without the part that could not be read might admit more than it was meant to.
    package static func parse(
        _ text: String, file: String
    ) throws(StaticConfigurationError) -> MeshConfiguration {
        do {
            return try configuration(of: try YAMLParser.documents(in: text))
        } catch {
            throw StaticConfigurationError(file: file, fault: error)
        }
    }

    private static func configuration(of documents: [YAMLNode]) throws(DocumentFault) -> MeshConfiguration {
        guard let document = documents.first else {
            // A file that is being written is empty for a moment, and would take everything away.
            throw DocumentFault(
                line: 1, field: "", problem: "expected workloads, services or policies, found nothing")
        }
        if documents.count > 1 { throw documents[1].fault(at: "", "expected one document, found another") }
        var fields = try YAMLFields(document, path: "")
        let workloads = try fields.list("workloads", Workload.init(node:path:))
        let services = try fields.list("services", Service.init(node:path:))
        let policies = try fields.list("policies", AuthorizationPolicy.init(node:path:))
        try fields.finish()
        try requireUnique(workloads, "workloads", "uid", document) { $0.uid }
        try requireUnique(services, "services", "hostname", document) { $0.key.description }
        try requireUnique(policies, "policies", "name", document) { $0.key.description }
        return MeshConfiguration(workloads: workloads, services: services, policies: policies)
    }

    private static func requireUnique<Resource>(
        _ resources: [Resource], _ list: String, _ field: String, _ document: YAMLNode,
        key: (Resource) -> String
    ) throws(DocumentFault) {
        var seen: [String: Int] = [:]
        for (index, resource) in resources.enumerated() {
            let key = key(resource)
            guard let first = seen.updateValue(index, forKey: key) else { continue }
            throw DocumentFault(
                line: document.line(of: list, item: index), field: "\(list)[\(index)].\(field)",
                problem: "expected each once, found \(key.quoted) again, as on line "
                    + "\(document.line(of: list, item: first))")
        }
    }

    /// Sorted by key, so that equal configurations are equal texts; `parse` gives back what is sorted so.
    package static func render(_ configuration: MeshConfiguration) -> String {
        YAMLEmitter.text(
            of: .fields([
                "workloads": .list(configuration.workloads.sorted { $0.uid < $1.uid }.map(\.yaml)),
                "services": .list(configuration.services.sorted { $0.key < $1.key }.map(\.yaml)),
                "policies": .list(configuration.policies.sorted { $0.key < $1.key }.map(\.yaml)),
            ]))
    }
}

/// Why a static configuration was refused.
package struct StaticConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let file: String
    package let fault: DocumentFault

    package init(file: String, fault: DocumentFault) {
        self.file = file
        self.fault = fault
    }

    /// `file:line: field: what was expected`.
    package var description: String { "\(file):\(fault)" }
}

extension YAMLNode {
    /// Where an item of a list of this mapping begins.
    fileprivate func line(of list: String, item index: Int) -> Int {
        guard case .mapping(let entries) = content,
            case .sequence(let items)? = entries.first(where: { $0.key.text == list })?.value.content
        else { return line }
        return items[index].line
    }
}

extension NamespacedName {
    static func < (one: NamespacedName, other: NamespacedName) -> Bool {
        (one.namespace, one.name) < (other.namespace, other.name)
    }
}
