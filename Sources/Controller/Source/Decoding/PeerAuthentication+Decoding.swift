import Discovery
import Mesh

extension Kubernetes.PeerAuthentication {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        self.init(metadata: metadata)
        object.ignore(["status"])
        guard var fields = try object.fields("spec") else { return }
        try fields.refuseEmptyFields()
        // No labels select the whole namespace, as no selector does.
        selector = try fields.policySelector().flatMap { $0.isEmpty ? nil : $0 }
        if let mutualTLS = try fields.fields("mtls") { mode = try Self.mode(mutualTLS) }
        portModes = try fields.map("portLevelMtls") { (entry, path) throws(DocumentFault) in
            guard let port = UInt16(decimal: entry.key.text), port > 0 else {
                throw DocumentFault(
                    line: entry.line, field: path,
                    problem: "expected a port from 1 to 65535, found \(entry.key.text.quoted)")
            }
            return (port, try Self.mode(try YAMLFields(entry.value, path: path)))
        }
        guard portModes.isEmpty || selector != nil else {
            throw fields.fault("portLevelMtls", "expected only beside a selector with labels")
        }
        try fields.finish()
    }

    private static func mode(_ mutualTLS: YAMLFields) throws(DocumentFault) -> Mode {
        var fields = mutualTLS
        let mode = try fields.optionalWord("mode", of: Mode.self) ?? .unset
        try fields.finish()
        return mode
    }
}
