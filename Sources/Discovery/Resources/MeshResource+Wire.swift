package import Mesh
import SwiftProtobuf

extension MeshResource {
    /// Reads a resource's body. Strict: what cannot be followed to the letter is refused as a whole. Fields that are not
    /// known are ignored, but for those of policies.
    package init(_ type: ResourceType, decoding body: [UInt8]) throws(ResourceFault) {
        switch type {
        case .address:
            switch try WireAddress(body: body).type {
            case .workload(let workload): self = .workload(try Workload(wire: workload))
            case .service(let service): self = .service(try Service(wire: service))
            case nil: throw .missing("type")
            }
        case .workload: self = .workload(try Workload(wire: try WireWorkload(body: body)))
        case .authorization: self = .policy(try AuthorizationPolicy(wire: try WireAuthorization(body: body)))
        }
    }

    /// The same bytes for the same resource. The type must be one that has such resources.
    package func encoded(as type: ResourceType) -> [UInt8] {
        switch (self, type) {
        case (.workload(let workload), .address): WireAddress.with { $0.workload = workload.wire }.deterministicBytes
        case (.workload(let workload), .workload): workload.wire.deterministicBytes
        case (.service(let service), .address): WireAddress.with { $0.service = service.wire }.deterministicBytes
        case (.policy(let policy), .authorization): policy.wire.deterministicBytes
        case (.workload, .authorization), (.service, .workload), (.service, .authorization), (.policy, .address),
            (.policy, .workload):
            preconditionFailure("\(name) as \(type)")
        }
    }
}

extension Message {
    fileprivate init(body: [UInt8]) throws(ResourceFault) {
        guard body.count <= DiscoveryLimits.resourceBytes else {
            throw ResourceFault(
                field: "resource", problem: "has \(body.count) bytes, at most \(DiscoveryLimits.resourceBytes)")
        }
        do {
            try self.init(serializedBytes: body)
        } catch {
            throw ResourceFault(field: "resource", problem: "is malformed")
        }
    }
}
