import Controller

/// A Service, for people. Pure.
struct ServiceText {
    let service: ServiceDescription

    var text: String {
        var fields = FieldList()
        fields.add("Service", "\(service.namespace)/\(service.name)")
        fields.add("Host name", service.hostname)
        fields.add("Addresses", service.headless ? "none (headless)" : service.addresses.joined(separator: ", "))
        fields.add("Ports", service.ports.map(\.text))
        fields.add("Waypoint", service.waypoint?.lines ?? ["none"])
        if let enforcement = service.enforcement { fields.add("Enforced", enforcement.sentence) }
        return [fields.text, endpoints, policies].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var endpoints: String {
        guard !service.endpoints.isEmpty else { return "No endpoints: connections to it fail.\n" }
        var table = TextTable(titles: ["ENDPOINT", "ADDRESSES", "NODE", "PORTS", "HEALTH", "IN THE MESH"])
        table.rows = service.endpoints.map {
            [
                $0.pod, $0.addresses.joined(separator: ","), $0.node, $0.ports.portText,
                $0.healthy ? "healthy" : "not ready", $0.inMesh ? "yes" : "no",
            ]
        }
        return table.text
    }

    private var policies: String {
        service.policies.isEmpty
            ? "" : "Policies at its waypoint:\n" + PolicyText.table(service.policies, isNamespaced: false)
    }
}

extension ServiceDescription.Port {
    /// `80→http (http, http11)`.
    fileprivate var text: String {
        let way = target == "\(port)" ? "\(port)" : "\(port)→\(target)"
        let facts = [name, appProtocol == "unknown" ? "" : appProtocol].filter { !$0.isEmpty }
        return facts.isEmpty ? way : "\(way) (\(facts.joined(separator: ", ")))"
    }
}
