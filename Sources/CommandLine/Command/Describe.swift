import Controller
import Foundation
package import Playground

/// `slipstream describe`.
package struct Describe {
    private let selection: ObjectSelection
    private let format: OutputFormat

    /// - Parameter words: `KIND/NAME…`, `KIND NAME…` or `KIND`.
    package init(
        _ words: [String], namespace: String, isEverywhere: Bool, format: OutputFormat
    ) throws(CommandFailure) {
        selection = try ObjectSelection(words, namespace: namespace, isEverywhere: isEverywhere)
        self.format = format
    }

    package func run(_ client: ControllerClient) throws(CommandFailure) -> Int32 {
        var found: [ObjectDescription] = []
        for member in selection.members {
            for reference in try references(member, client) {
                // It may have gone meanwhile.
                if let description = try client.describe(reference) { found.append(description) }
            }
        }
        guard !found.isEmpty else {
            StandardError.write("nothing found\n")
            return 0
        }
        write(found)
        return 0
    }

    private func references(
        _ member: ObjectSelection.Member, _ client: ControllerClient
    ) throws(CommandFailure) -> [ObjectReference] {
        switch member {
        case .all(let kind, let namespace): return try client.names(of: kind, in: namespace)
        case .object(let reference):
            let all = try client.names(of: reference.kind, in: nil)
            if all.contains(reference) { return [reference] }
            // Pods' names end in what nobody types.
            let similar = all.filter { $0.namespace == reference.namespace && $0.name.hasPrefix(reference.name) }
            guard similar.isEmpty else { return similar }
            throw try client.missing(reference, among: all)
        }
    }

    private func write(_ found: [ObjectDescription]) {
        let now = Int(Date().timeIntervalSince1970)
        let structured = found.count == 1 ? format.structured(found[0]) : format.structured(Items(items: found))
        if let structured { return StandardOutput.write(structured) }
        let texts =
            format == .name
            ? [found.map { $0.name + "\n" }.joined()] : found.map { ObjectText(description: $0, now: now).text }
        StandardOutput.write(texts.joined(separator: "\n\n"))
    }
}

extension ObjectDescription {
    /// `kind/name`, as other commands take it.
    fileprivate var name: String {
        switch self {
        case .pod(let pod): "pod/\(pod.name)"
        case .service(let service): "service/\(service.name)"
        case .namespace(let namespace): "namespace/\(namespace.name)"
        case .policy(let policy): "\(policy.kind.lowercased())/\(policy.name)"
        case .waypoint(let waypoint): "gateway/\(waypoint.name)"
        }
    }
}

extension ControllerClient {
    func names(of kind: KubernetesObject.Kind, in namespace: String?) throws(CommandFailure) -> [ObjectReference] {
        var parameters = ["kind": kind.rawValue]
        parameters["namespace"] = namespace
        return try require([NamedObject].self, "/api/names", parameters).map {
            ObjectReference(kind: kind, namespace: $0.namespace, name: $0.name)
        }
    }

    /// Why an object is not found. Pods' and others' names may be told by their beginning.
    func missing(_ reference: ObjectReference, among all: [ObjectReference]) throws(CommandFailure) -> CommandFailure {
        let mesh = try require(MeshDescription.self, "/api/status")
        guard mesh.listed else {
            let problems = mesh.problems.map { "\n    \($0.text)" }.joined()
            return CommandFailure("there is no \(reference) yet: \(mesh.summary)\(problems)")
        }
        let others = all.filter { $0.name.hasPrefix(reference.name) && $0.namespace != reference.namespace }
        // The very name says more than one that only begins so.
        let other = others.first { $0.name == reference.name } ?? others.first
        let hint = other.map { "; there is \($0.name) in namespace \($0.namespace): add -n \($0.namespace)" } ?? ""
        return CommandFailure("there is no \(reference)\(hint)")
    }

    /// Nil when it is not there.
    func describe(_ reference: ObjectReference) throws(CommandFailure) -> ObjectDescription? {
        try ask(ObjectDescription.self, "/api/describe", reference.parameters)
    }
}

extension ObjectReference {
    var parameters: [String: String] {
        namespace.isEmpty
            ? ["kind": kind.rawValue, "name": name]
            : ["kind": kind.rawValue, "namespace": namespace, "name": name]
    }
}
