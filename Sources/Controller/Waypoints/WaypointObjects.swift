import Mesh

/// What runs a waypoint: made for a Gateway of a class that is ours, to be put where the Gateway is.
///
/// Names, labels, ports and annotations are those that dashboards, network policies and admission rules know.
package struct WaypointObjects: Hashable, Sendable {
    /// What its container runs.
    package struct Template: Hashable, Sendable {
        package var image: String
        /// Of the program, where there is no image to start it.
        package var command: [String] = []
        package var args: [String] = []
        package var environment: [Kubernetes.EnvironmentVariable] = []

        package init(image: String = "slipstream/waypoint") { self.image = image }
    }

    /// Why nothing is made.
    package enum Fault: Error, Hashable, Sendable {
        /// Its name cannot be that of a Service.
        case invalidName(String)
        /// Somebody else's object has the name already.
        case occupied(ObjectReference)
    }

    package static let statusPort: UInt16 = 15021
    package static let metricsPort: UInt16 = 15020
    package static let managedValue = "istio.io-mesh-controller"

    package let serviceAccount: Kubernetes.ServiceAccount
    package let deployment: Kubernetes.Deployment
    package let service: Kubernetes.Service

    package var objects: [KubernetesObject] {
        [.serviceAccount(serviceAccount), .deployment(deployment), .service(service)]
    }

    /// Nil for a Gateway that is not ours to run.
    ///
    /// - Throws: when it is, and yet cannot be run.
    package init?(
        for gateway: Kubernetes.Gateway, in model: MeshModel, settings: MeshSettings, template: Template
    ) throws(Fault) {
        guard model.owns(gateway, settings) else { return nil }
        let name = gateway.serviceKey.name
        guard ObjectName.isLabel(name), ObjectName.isLabelValue(gateway.metadata.name) else {
            throw .invalidName(name)
        }
        let metadata = Self.metadata(of: gateway, name: name)
        var account = metadata
        account.name = gateway.accountName
        guard ObjectName.isSubdomain(account.name) else { throw .invalidName(account.name) }
        serviceAccount = .init(metadata: account)
        deployment = Self.deployment(metadata, gateway, account: account.name, template)
        service = Self.service(metadata, gateway)
        for object in objects where model.isForeign(object.reference) { throw .occupied(object.reference) }
    }

    private static func metadata(of gateway: Kubernetes.Gateway, name: String) -> Kubernetes.ObjectMeta {
        var metadata = Kubernetes.ObjectMeta(name: name, namespace: gateway.metadata.namespace)
        metadata.labels = (gateway.infrastructureLabels ?? gateway.metadata.labels).filter { isCopied($0.key) }
        metadata.annotations = (gateway.infrastructureAnnotations ?? gateway.metadata.annotations)
            .filter { isCopied($0.key) }
        metadata.labels.merge(selector(gateway)) { $1 }
        metadata.labels[MeshLabel.gatewayClassName] = gateway.className
        metadata.labels[MeshLabel.managed] = managedValue
        metadata.ownerReferences = [
            .init(
                apiVersion: KubernetesObject.gateway(gateway).kind.apiVersion, kind: "Gateway",
                name: gateway.metadata.name, uid: gateway.metadata.uid, isController: true)
        ]
        return metadata
    }

    /// What kubectl remembers of the Gateway is not true of others.
    private static func isCopied(_ key: String) -> Bool {
        !key.hasPrefix("gateway.networking.k8s.io/") && key != "kubectl.kubernetes.io/last-applied-configuration"
    }

    private static func selector(_ gateway: Kubernetes.Gateway) -> [String: String] {
        [MeshLabel.gatewayName: gateway.metadata.name]
    }

    private static func deployment(
        _ metadata: Kubernetes.ObjectMeta, _ gateway: Kubernetes.Gateway, account: String, _ template: Template
    ) -> Kubernetes.Deployment {
        var pod = Kubernetes.PodTemplate(
            metadata: .init(name: ""), spec: .init(containers: [container(gateway, template)]))
        pod.metadata.labels = metadata.labels
        pod.metadata.labels[MeshLabel.canonicalNames[0]] = metadata.name
        pod.metadata.labels[MeshLabel.canonicalRevisions[0]] = "latest"
        pod.metadata.labels[MeshLabel.dataplaneMode] = "none"
        pod.metadata.labels["sidecar.istio.io/inject"] = "false"
        pod.metadata.annotations = metadata.annotations
        pod.metadata.annotations["prometheus.io/scrape"] = "true"
        pod.metadata.annotations["prometheus.io/port"] = "\(metricsPort)"
        pod.metadata.annotations["prometheus.io/path"] = "/stats/prometheus"
        pod.spec.serviceAccountName = account
        pod.spec.tokenVolumes = [token]
        return .init(metadata: metadata, selector: .init(matchLabels: selector(gateway)), template: pod)
    }

    /// What the control plane knows the waypoint by.
    private static var token: Kubernetes.TokenVolume {
        var token = Kubernetes.TokenVolume(name: "istio-token", audience: "istio-ca", path: "istio-token")
        token.expirationSeconds = 43_200
        return token
    }

    private static let tokenDirectory = "/var/run/secrets/tokens"

    private static func container(_ gateway: Kubernetes.Gateway, _ template: Template) -> Kubernetes.Container {
        var container = Kubernetes.Container(name: "istio-proxy")
        container.image = template.image
        container.command = template.command
        container.args = template.args
        container.env = environment(template)
        container.volumeMounts = [.init(name: token.name, mountPath: tokenDirectory)]
        container.ports = [("metrics", metricsPort), ("status-port", statusPort)].map { name, number in
            var port = Kubernetes.ContainerPort(containerPort: number)
            port.name = name
            return port
        }
        var probe = Kubernetes.Probe(
            action: .httpGet(path: "/healthz/ready", port: .number(statusPort), isTLS: false))
        probe.periodSeconds = 15
        probe.failureThreshold = 4
        container.readinessProbe = probe
        return container
    }

    /// The template's own words come last, and in place of ours.
    private static func environment(_ template: Template) -> [Kubernetes.EnvironmentVariable] {
        var ours: [Kubernetes.EnvironmentVariable] = [
            ("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace"),
            ("SERVICE_ACCOUNT", "spec.serviceAccountName"), ("INSTANCE_IP", "status.podIP"),
            ("NODE_NAME", "spec.nodeName"),
        ].map { .init(name: $0.0, value: .field(path: $0.1)) }
        ours.append(.init(name: "AUTH_TOKEN", value: .text("\(tokenDirectory)/\(token.path)")))
        let given = Set(template.environment.map(\.name))
        return ours.filter { !given.contains($0.name) } + template.environment
    }

    private static func service(
        _ metadata: Kubernetes.ObjectMeta, _ gateway: Kubernetes.Gateway
    ) -> Kubernetes.Service {
        var service = Kubernetes.Service(metadata: metadata)
        service.metadata.annotations[MeshAnnotation.trafficDistribution] = "PreferClose"
        service.selector = selector(gateway)
        var status = Kubernetes.Service.Port(port: statusPort)
        status.name = "status-port"
        status.appProtocol = "tcp"
        service.ports = [status]
        for listener in gateway.listeners where !service.ports.contains(where: { $0.port == listener.port }) {
            var port = Kubernetes.Service.Port(port: listener.port)
            port.name = ObjectName.isLabel(listener.name) ? listener.name : "port-\(listener.port)"
            port.appProtocol = "hbone"
            service.ports.append(port)
        }
        return service
    }
}

extension MeshModel {
    /// Whether there is such an object that no controller of gateways made.
    fileprivate func isForeign(_ reference: ObjectReference) -> Bool {
        objects[reference].map { $0.metadata.labels[MeshLabel.managed] == nil } ?? false
    }
}
