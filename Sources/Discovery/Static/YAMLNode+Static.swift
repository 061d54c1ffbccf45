import Mesh

extension YAMLNode {
    /// `servicePort: targetPort` pairs.
    func portMap(at path: String, targets: ClosedRange<Int>) throws(DocumentFault) -> [UInt16: UInt16] {
        try map(at: path) { (entry, path) throws(DocumentFault) in
            (try entry.port(at: path), UInt16(try entry.value.integer(in: targets, at: path)))
        }
    }

    /// `namespace/name`.
    func namespacedName(at path: String) throws(DocumentFault) -> NamespacedName {
        guard let name = NamespacedName(try string(at: path)) else {
            throw fault(at: path, "expected namespace/name, found \(kind)")
        }
        return name
    }

    static func unlessEmpty(_ nodes: [YAMLNode]) -> YAMLNode? { nodes.isEmpty ? nil : .list(nodes) }

    static func unlessEmpty(_ text: String) -> YAMLNode? { text.isEmpty ? nil : .text(text) }

    /// A mapping from ports, in their order.
    static func ports<Value>(_ ports: [UInt16: Value], _ node: (Value) -> YAMLNode) -> YAMLNode {
        YAMLNode(
            .mapping(
                ports.sorted { $0.key < $1.key }.map { port, value in
                    YAMLEntry(key: YAMLScalar(text: String(port), style: .plain), value: node(value))
                }))
    }
}

extension YAMLEntry {
    /// The key as a port. JSON has it in quotes, as all keys.
    func port(at path: String) throws(DocumentFault) -> UInt16 {
        guard let port = UInt16(decimal: key.text), port > 0 else {
            throw DocumentFault(
                line: line, field: path, problem: "expected a port from 1 to 65535, found \(key.text.quoted)")
        }
        return port
    }
}

extension String? {
    var unlessEmpty: String? { self?.isEmpty == true ? nil : self }
}
