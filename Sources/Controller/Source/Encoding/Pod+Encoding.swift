import Discovery
import Mesh

extension Kubernetes.Pod.Status {
    var yaml: YAMLNode {
        .fields([
            "phase": .text(phase.rawValue), "podIP": podIPs.first.map { .text($0.description) },
            "podIPs": .unlessEmpty(podIPs.map { .fields(["ip": .text($0.description)]) }),
            "conditions": isReady ? .list([.fields(["type": .text("Ready"), "status": .text("True")])]) : nil,
        ])
    }
}

extension Kubernetes.PodSpec {
    var yaml: YAMLNode {
        .fields([
            "serviceAccountName": .text(serviceAccountName), "nodeName": .unlessEmpty(nodeName),
            "hostNetwork": hostNetwork ? .literal(true) : nil,
            "terminationGracePeriodSeconds": .literal(terminationGracePeriodSeconds),
            "nodeSelector": .unlessEmpty(nodeSelector), "initContainers": .unlessEmpty(initContainers.map(\.yaml)),
            "containers": .list(containers.map(\.yaml)), "volumes": .unlessEmpty(tokenVolumes.map(\.yaml)),
        ])
    }
}

extension Kubernetes.TokenVolume {
    fileprivate var yaml: YAMLNode {
        let token = YAMLNode.fields([
            "audience": .unlessEmpty(audience), "expirationSeconds": .literal(expirationSeconds), "path": .text(path),
        ])
        return .fields([
            "name": .text(name),
            "projected": .fields(["sources": .list([.fields(["serviceAccountToken": token])])]),
        ])
    }
}

extension Kubernetes.VolumeMount {
    fileprivate var yaml: YAMLNode { .fields(["name": .text(name), "mountPath": .text(mountPath)]) }
}

extension Kubernetes.Container {
    fileprivate var yaml: YAMLNode {
        .fields([
            "name": .text(name), "image": .unlessEmpty(image), "command": .unlessEmpty(command),
            "args": .unlessEmpty(args), "workingDir": .unlessEmpty(workingDir),
            "env": .unlessEmpty(env.map(\.yaml)), "ports": .unlessEmpty(ports.map(\.yaml)),
            "volumeMounts": .unlessEmpty(volumeMounts.map(\.yaml)),
            "readinessProbe": readinessProbe?.yaml, "restartPolicy": restartsAlways ? .text("Always") : nil,
        ])
    }
}

extension Kubernetes.EnvironmentVariable {
    /// A value from elsewhere has lost where, and is written as an empty one.
    fileprivate var yaml: YAMLNode {
        switch value {
        case .text(let text): .fields(["name": .text(name), "value": .text(text)])
        case .field(let path):
            .fields(["name": .text(name), "valueFrom": .fields(["fieldRef": .fields(["fieldPath": .text(path)])])])
        case .elsewhere: .fields(["name": .text(name), "valueFrom": .fields([:])])
        }
    }
}

extension Kubernetes.ContainerPort {
    fileprivate var yaml: YAMLNode {
        .fields([
            "name": .unlessEmpty(name), "containerPort": .literal(containerPort),
            "protocol": .text(transport.rawValue),
        ])
    }
}

extension Kubernetes.PortReference {
    var yaml: YAMLNode {
        switch self {
        case .number(let number): .literal(number)
        case .name(let name): .text(name)
        }
    }
}

extension Kubernetes.Probe {
    fileprivate var yaml: YAMLNode {
        let timing = YAMLNode.fields([
            "initialDelaySeconds": .literal(initialDelaySeconds), "periodSeconds": .literal(periodSeconds),
            "timeoutSeconds": .literal(timeoutSeconds), "successThreshold": .literal(successThreshold),
            "failureThreshold": .literal(failureThreshold),
        ])
        return YAMLNode(.mapping(action.yaml.entries + timing.entries))
    }
}

extension Kubernetes.Probe.Action {
    fileprivate var yaml: YAMLNode {
        switch self {
        case .httpGet(let path, let port, let isTLS):
            .fields([
                "httpGet": .fields([
                    "path": .text(path), "port": port.yaml, "scheme": .text(isTLS ? "HTTPS" : "HTTP"),
                ])
            ])
        case .tcpSocket(let port): .fields(["tcpSocket": .fields(["port": port.yaml])])
        case .exec(let command): .fields(["exec": .fields(["command": .list(command.map { .text($0) })])])
        case .grpc(let port, let service):
            .fields(["grpc": .fields(["port": .literal(port), "service": .unlessEmpty(service)])])
        }
    }
}

extension Kubernetes.Deployment {
    var yaml: YAMLNode {
        .fields([
            "replicas": .literal(replicas), "selector": selector.yaml,
            "template": .fields(["metadata": template.metadata.yaml, "spec": template.spec.yaml]),
        ])
    }
}
