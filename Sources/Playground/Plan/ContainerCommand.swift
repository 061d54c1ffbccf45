import Controller
import Mesh

/// What a container runs, and with which environment.
enum ContainerCommand {
    /// `command` and `args` as one list, with `$(NAME)` replaced by the variable's value, as the kubelet does.
    static func arguments(of container: Kubernetes.Container, environment: [String: String]) -> [String] {
        (container.command + container.args).map { expanded($0, environment) }
    }

    /// The defaults, the container's own variables, and the fields of the pod that they ask for.
    static func environment(
        of container: Kubernetes.Container, in pod: Kubernetes.Pod, hostIP: String, defaults: [String: String]
    ) -> [String: String] {
        var environment = defaults
        environment["HOSTNAME"] = pod.metadata.name
        for variable in container.env {
            switch variable.value {
            case .text(let text): environment[variable.name] = expanded(text, environment)
            case .field(let path): environment[variable.name] = field(path, of: pod, hostIP: hostIP) ?? ""
            case .elsewhere: continue
            }
        }
        return environment
    }

    private static func field(_ path: String, of pod: Kubernetes.Pod, hostIP: String) -> String? {
        switch path {
        case "metadata.name": pod.metadata.name
        case "metadata.namespace": pod.metadata.namespace
        case "metadata.uid": pod.metadata.uid
        case "spec.nodeName": pod.spec.nodeName
        case "spec.serviceAccountName": pod.spec.serviceAccountName
        case "status.podIP": pod.status.podIPs.first?.description
        case "status.hostIP": hostIP
        default:
            key(in: path, after: "metadata.labels").flatMap { pod.metadata.labels[$0] }
                ?? key(in: path, after: "metadata.annotations").flatMap { pod.metadata.annotations[$0] }
        }
    }

    /// The key in `metadata.labels['key']`.
    private static func key(in path: String, after prefix: String) -> String? {
        guard path.hasPrefix(prefix + "['"), path.hasSuffix("']") else { return nil }
        return String(path.dropFirst(prefix.count + 2).dropLast(2))
    }

    /// `$(NAME)` becomes the value, `$$(NAME)` becomes `$(NAME)`; an unknown name stays as it is.
    static func expanded(_ text: String, _ environment: [String: String]) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.first == "(", let end = rest.firstIndex(of: ")") {
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                result += environment[name] ?? "$(\(name))"
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
            }
        }
        return result + rest
    }
}
