import Discovery

extension Kubernetes.TokenVolume {
    /// Nil for a volume of another kind.
    static func read(node: YAMLNode, path: String) throws(DocumentFault) -> Kubernetes.TokenVolume? {
        var fields = try YAMLFields(node, path: path)
        let name = try fields.requiredString("name")
        guard var projected = try fields.fields("projected") else { return nil }
        let sources = try projected.list("sources") { (node, path) throws(DocumentFault) in
            var source = try YAMLFields(node, path: path)
            return try source.fields("serviceAccountToken")
        }
        guard var token = sources.compactMap(\.self).first else { return nil }
        var volume = Kubernetes.TokenVolume(
            name: name, audience: try token.string("audience") ?? "", path: try token.requiredString("path"))
        guard isInside(volume.path) else {
            throw token.fault("path", "expected a path inside the volume, found \(volume.path.quoted)")
        }
        volume.expirationSeconds =
            try token.integer("expirationSeconds", in: 600...Int(UInt32.max)) ?? volume.expirationSeconds
        try token.finish()
        return volume
    }

    private static func isInside(_ path: String) -> Bool {
        !path.isEmpty && !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
    }
}

extension Kubernetes.VolumeMount {
    init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(name: try fields.requiredString("name"), mountPath: try fields.requiredString("mountPath"))
        fields.ignore(["mountPropagation", "readOnly", "recursiveReadOnly", "subPath", "subPathExpr"])
        try fields.finish()
    }
}

extension Kubernetes.PodSpec {
    /// Only of volumes of which something is known.
    mutating func readVolumes(_ fields: inout YAMLFields) throws(DocumentFault) {
        tokenVolumes = try fields.list("volumes", Kubernetes.TokenVolume.read).compactMap(\.self)
        let known = Set(tokenVolumes.map(\.name))
        for index in containers.indices { containers[index].volumeMounts.removeAll { !known.contains($0.name) } }
        for index in initContainers.indices {
            initContainers[index].volumeMounts.removeAll { !known.contains($0.name) }
        }
    }
}
