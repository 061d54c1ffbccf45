import Discovery

extension Kubernetes.Container {
    init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(name: try fields.name("name", ObjectName.isLabel, ObjectName.expectedLabel))
        image = try fields.string("image") ?? ""
        command = try fields.strings("command")
        args = try fields.strings("args")
        workingDir = try fields.string("workingDir") ?? ""
        env = try fields.list("env", Kubernetes.EnvironmentVariable.init(node:path:))
        ports = try fields.list("ports", Kubernetes.ContainerPort.init(node:path:))
        volumeMounts = try fields.list("volumeMounts", Kubernetes.VolumeMount.init(node:path:))
        if let probe = try fields.fields("readinessProbe") { readinessProbe = try Kubernetes.Probe(probe) }
        restartsAlways = try fields.string("restartPolicy") == "Always"
        fields.ignore(KnownFields.container)
        try fields.finish()
    }
}

extension Kubernetes.EnvironmentVariable {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        let name = try fields.name("name", Self.isName, "a name without \"=\"")
        let text = try fields.string("value")
        if var source = try fields.fields("valueFrom") {
            guard text == nil || text == "" else { throw fields.fault("value", "expected none beside valueFrom") }
            self.init(name: name, value: try Self.value(from: &source))
        } else {
            self.init(name: name, value: .text(text ?? ""))
        }
        try fields.finish()
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "=") }
    }

    private static func value(from source: inout YAMLFields) throws(DocumentFault) -> Value {
        var value = Value.elsewhere
        if var field = try source.fields("fieldRef") {
            value = .field(path: try field.requiredString("fieldPath"))
            field.ignore(["apiVersion"])
            try field.finish()
        }
        source.ignore(KnownFields.environmentSource)
        try source.finish()
        return value
    }
}

extension Kubernetes.ContainerPort {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(containerPort: try fields.port("containerPort"))
        name = try fields.optionalName("name", ObjectName.isPortName, "the name of a port, 15 characters at most") ?? ""
        transport = try fields.optionalWord("protocol", of: Kubernetes.TransportProtocol.self) ?? transport
        fields.ignore(KnownFields.containerPort)
        try fields.finish()
    }
}

extension Kubernetes.Probe {
    fileprivate init(_ probe: YAMLFields) throws(DocumentFault) {
        var fields = probe
        self.init(action: try Self.action(&fields))
        initialDelaySeconds = try fields.integer("initialDelaySeconds", in: 0...Int(Int32.max)) ?? initialDelaySeconds
        periodSeconds = try fields.integer("periodSeconds", in: 1...Int(Int32.max)) ?? periodSeconds
        timeoutSeconds = try fields.integer("timeoutSeconds", in: 1...Int(Int32.max)) ?? timeoutSeconds
        successThreshold = try fields.integer("successThreshold", in: 1...Int(Int32.max)) ?? successThreshold
        failureThreshold = try fields.integer("failureThreshold", in: 1...Int(Int32.max)) ?? failureThreshold
        fields.ignore(KnownFields.probe)
        try fields.finish()
    }

    private static func action(_ fields: inout YAMLFields) throws(DocumentFault) -> Action {
        var actions: [Action] = []
        if let get = try fields.fields("httpGet") { actions.append(try httpGet(get)) }
        if var socket = try fields.fields("tcpSocket") {
            actions.append(.tcpSocket(port: try socket.portReference("port")))
            socket.ignore(["host"])
            try socket.finish()
        }
        if var exec = try fields.fields("exec") {
            actions.append(.exec(command: try exec.strings("command")))
            try exec.finish()
        }
        if var grpc = try fields.fields("grpc") {
            actions.append(.grpc(port: try grpc.port("port"), service: try grpc.string("service") ?? ""))
            try grpc.finish()
        }
        guard actions.count == 1 else {
            throw fields.fault("httpGet", "expected one of httpGet, tcpSocket, exec and grpc, found \(actions.count)")
        }
        return actions[0]
    }

    private static func httpGet(_ get: YAMLFields) throws(DocumentFault) -> Action {
        var fields = get
        let path = try fields.string("path") ?? "/"
        let scheme = try fields.string("scheme") ?? "HTTP"
        guard scheme == "HTTP" || scheme == "HTTPS" else {
            throw fields.fault("scheme", "expected HTTP or HTTPS, found \(scheme.quoted)")
        }
        let port = try fields.portReference("port")
        fields.ignore(["host", "httpHeaders"])
        try fields.finish()
        return .httpGet(path: path, port: port, isTLS: scheme == "HTTPS")
    }
}

extension YAMLFields {
    mutating func port(_ name: String) throws(DocumentFault) -> UInt16 {
        guard let node = take(name) else { throw fault(name, "expected a port from 1 to 65535, found nothing") }
        return try node.port(at: path(of: name))
    }

    mutating func portReference(_ name: String) throws(DocumentFault) -> Kubernetes.PortReference {
        guard let reference = try optionalPortReference(name) else {
            throw fault(name, "expected a port's number or name, found nothing")
        }
        return reference
    }

    /// A number, or a name; as in Kubernetes, 0 and "" stand for nothing given.
    mutating func optionalPortReference(_ name: String) throws(DocumentFault) -> Kubernetes.PortReference? {
        guard let node = take(name) else { return nil }
        let path = path(of: name)
        guard case .scalar(let scalar) = node.content else {
            throw node.fault(at: path, "expected a port's number or name, found \(node.kind)")
        }
        guard let text = scalar.string else {
            return try node.integer(in: 0...65535, at: path) == 0 ? nil : .number(try node.port(at: path))
        }
        guard !text.isEmpty else { return nil }
        guard ObjectName.isPortName(text) else {
            throw node.fault(at: path, "expected a port's number without quotes, or its name, found \(text.quoted)")
        }
        return .name(text)
    }
}
