import Mesh

/// The answer to the question what the mesh makes of an object.
package enum ObjectDescription: Hashable, Sendable {
    case pod(PodDescription)
    case service(ServiceDescription)
    case namespace(NamespaceDescription)
    case policy(PolicyDescription)
    case waypoint(WaypointDescription)

    /// Kinds of which there is something to tell.
    package static let kinds: [KubernetesObject.Kind] =
        [.pod, .service, .namespace, .gateway] + PolicyDescription.kinds.sorted { $0.rawValue < $1.rawValue }
}

extension MeshView {
    /// Nil when there is no such object, or nothing to tell of its kind.
    package func describe(_ reference: ObjectReference) -> ObjectDescription? {
        guard let object = model.objects[reference] else { return nil }
        return switch object {
        case .pod(let pod): .pod(PodDescription(pod, in: self))
        case .service(let service): .service(ServiceDescription(service, in: self))
        case .namespace(let namespace): .namespace(NamespaceDescription(namespace, in: self))
        case .gateway(let gateway): .waypoint(WaypointDescription(gateway, in: self))
        case _ where PolicyDescription.kinds.contains(object.kind): .policy(PolicyDescription(object, in: self))
        default: nil
        }
    }
}

/// In JSON: the fields of the description, and `kind`, which says what they are of.
extension ObjectDescription: Codable {
    private enum Key: String, CodingKey { case kind }

    package init(from decoder: any Decoder) throws {
        let kind = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .kind)
        switch KubernetesObject.Kind(rawValue: kind) {
        case .pod: self = .pod(try PodDescription(from: decoder))
        case .service: self = .service(try ServiceDescription(from: decoder))
        case .namespace: self = .namespace(try NamespaceDescription(from: decoder))
        case .gateway: self = .waypoint(try WaypointDescription(from: decoder))
        case let kind? where PolicyDescription.kinds.contains(kind):
            self = .policy(try PolicyDescription(from: decoder))
        default:
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "no description of kind \(kind)"))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(kind.rawValue, forKey: .kind)
        switch self {
        case .pod(let description): try description.encode(to: encoder)
        case .service(let description): try description.encode(to: encoder)
        case .namespace(let description): try description.encode(to: encoder)
        case .policy(let description): try description.encode(to: encoder)
        case .waypoint(let description): try description.encode(to: encoder)
        }
    }

    package var kind: KubernetesObject.Kind {
        switch self {
        case .pod: .pod
        case .service: .service
        case .namespace: .namespace
        case .policy(let policy): KubernetesObject.Kind(rawValue: policy.kind) ?? .authorizationPolicy
        case .waypoint: .gateway
        }
    }
}
