import Controller
import Playground

/// Kinds of objects by what people call them: in any case, in the singular or plural, or by a short name, and with their
/// group behind a dot, as kubectl takes them.
enum ObjectKind {
    static func named(_ word: String) throws(CommandFailure) -> KubernetesObject.Kind {
        let parts = word.lowercased().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let kind = KubernetesObject.Kind.allCases.first { kind in
            names(of: kind).contains(name) && (parts.count == 1 || isGroup(parts[1], of: kind))
        }
        guard let kind else {
            throw CommandFailure(
                "there is no kind \(word); expected one like pod, service, namespace, authorizationpolicy, "
                    + "peerauthentication, gateway or httproute")
        }
        return kind
    }

    /// With or without the version.
    private static func isGroup(_ text: Substring, of kind: KubernetesObject.Kind) -> Bool {
        let versioned = kind.apiVersions.map { "\($0).\(kind.apiGroup)" }
        return text == kind.apiGroup || versioned.contains(String(text))
    }

    private static func names(of kind: KubernetesObject.Kind) -> [String] {
        let name = kind.rawValue.lowercased()
        let plural =
            name.hasSuffix("y") && !name.hasSuffix("ay")
            ? name.dropLast() + "ies" : name + (name.hasSuffix("s") ? "es" : "s")
        return [name, plural] + shortNames(of: kind)
    }

    private static func shortNames(of kind: KubernetesObject.Kind) -> [String] {
        switch kind {
        case .pod: ["po"]
        case .service: ["svc"]
        case .namespace: ["ns"]
        case .node: ["no"]
        case .deployment: ["deploy"]
        case .serviceAccount: ["sa"]
        case .authorizationPolicy: ["ap", "policy", "policies"]
        case .peerAuthentication: ["pa"]
        case .requestAuthentication: ["ra"]
        case .serviceEntry: ["se"]
        case .workloadEntry: ["we"]
        case .gateway: ["gtw", "waypoint", "waypoints"]
        case .gatewayClass: ["gc"]
        case .referenceGrant: ["refgrant"]
        default: []
        }
    }
}
