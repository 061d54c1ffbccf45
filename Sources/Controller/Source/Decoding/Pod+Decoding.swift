import Discovery
import Mesh

extension Kubernetes.Pod {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        self.init(metadata: metadata, spec: try Kubernetes.PodSpec(try object.requiredFields("spec")))
        if let fields = try object.fields("status") { status = try Status(fields) }
    }
}

extension Kubernetes.Pod.Status {
    /// Written by programs of many versions: what is not known is passed over.
    fileprivate init(_ status: YAMLFields) throws(DocumentFault) {
        var fields = status
        self.init()
        phase = try fields.optionalWord("phase", of: Kubernetes.Pod.Phase.self) ?? phase
        if let node = fields.take("podIP"), try !node.string(at: fields.path(of: "podIP")).isEmpty {
            podIPs = [try node.address(at: fields.path(of: "podIP"))]
        }
        let all = try fields.list("podIPs") { (node, path) throws(DocumentFault) in
            var item = try YAMLFields(node, path: path)
            guard let address = item.take("ip") else { throw item.fault("ip", "expected an IP address, found nothing") }
            return try address.address(at: item.path(of: "ip"))
        }
        for address in all where !podIPs.contains(address) { podIPs.append(address) }
        let conditions = try fields.list("conditions") { (node, path) throws(DocumentFault) in
            var condition = try YAMLFields(node, path: path)
            return (try condition.string("type"), try condition.string("status"))
        }
        isReady = conditions.contains { $0 == "Ready" && $1 == "True" }
    }
}

extension Kubernetes.PodSpec {
    init(_ spec: YAMLFields) throws(DocumentFault) {
        var fields = spec
        self.init(containers: try fields.list("containers", Kubernetes.Container.init(node:path:)))
        guard !containers.isEmpty else { throw fields.fault("containers", "expected at least one container") }
        initContainers = try fields.list("initContainers", Kubernetes.Container.init(node:path:))
        try readPlace(&fields)
        hostNetwork = try fields.boolean("hostNetwork") ?? false
        terminationGracePeriodSeconds =
            try fields.integer("terminationGracePeriodSeconds", in: 0...Int(Int32.max)) ?? terminationGracePeriodSeconds
        nodeSelector = try fields.labels("nodeSelector")
        try readVolumes(&fields)
        try requireUniqueNames(fields)
        fields.ignore(KnownFields.podSpec)
        try fields.finish()
    }

    private mutating func readPlace(_ fields: inout YAMLFields) throws(DocumentFault) {
        // The old name is still written by API servers beside the new one.
        let old = try fields.optionalName("serviceAccount", ObjectName.isSubdomain, ObjectName.expectedSubdomain)
        let new = try fields.optionalName("serviceAccountName", ObjectName.isSubdomain, ObjectName.expectedSubdomain)
        serviceAccountName = new ?? old ?? serviceAccountName
        nodeName = try fields.optionalName("nodeName", ObjectName.isSubdomain, ObjectName.expectedSubdomain) ?? ""
    }

    private func requireUniqueNames(_ fields: YAMLFields) throws(DocumentFault) {
        var seen = Set<String>()
        for container in containers + initContainers {
            guard seen.insert(container.name).inserted else {
                throw fields.fault("containers", "expected each name once, found \(container.name.quoted) again")
            }
        }
    }
}

extension Kubernetes.PodTemplate {
    init(_ template: YAMLFields) throws(DocumentFault) {
        var fields = template
        self.init(
            metadata: try Kubernetes.ObjectMeta(ofTemplateIn: &fields),
            spec: try Kubernetes.PodSpec(try fields.requiredFields("spec")))
        try fields.finish()
    }
}

extension Kubernetes.Deployment {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        object.ignore(["status"])
        var fields = try object.requiredFields("spec")
        self.init(
            metadata: metadata, selector: try Kubernetes.LabelSelector(try fields.requiredFields("selector")),
            template: try Kubernetes.PodTemplate(try fields.requiredFields("template")))
        replicas = try fields.integer("replicas", in: 0...100_000) ?? replicas
        guard selector != Kubernetes.LabelSelector() else {
            throw fields.fault("selector", "expected at least one requirement")
        }
        guard selector.matches(template.metadata.labels) else {
            throw fields.fault("template.metadata.labels", "expected labels that spec.selector matches")
        }
        fields.ignore(KnownFields.deployment)
        try fields.finish()
    }
}
