import Controller
import Foundation
package import Playground

/// `slipstream waypoint …`.
package struct Waypoints {
    /// What may be bound to a waypoint.
    package enum Traffic: String, CaseIterable, Sendable { case service, workload, all, none }

    private static let lookSeconds = 0.2

    private let client: ControllerClient
    private let namespace: String
    private let applied: AppliedManifests?

    /// - Parameter directory: where manifests are written; nil for the playground's own.
    package init(_ client: ControllerClient, namespace: String, directory: String?) {
        self.client = client
        self.namespace = namespace
        applied = (directory ?? (client.isPlayground ? PlaygroundFiles.applied : nil)).map(AppliedManifests.init)
    }

    /// The manifests alone, without asking anybody.
    package static func manifests(
        name: String, namespace: String, traffic: Traffic, enrolsNamespace: Bool
    ) throws(CommandFailure) -> String {
        let manifests = WaypointManifests(
            name: name, namespace: namespace, traffic: traffic, enrolsNamespace: enrolsNamespace)
        try manifests.check()
        return ManifestWriter.text(of: manifests.objects)
    }

    // MARK: Making

    package func apply(
        name: String, traffic: Traffic, enrolsNamespace: Bool, wait: TimeLimit?
    ) throws(CommandFailure) -> Int32 {
        let manifests = WaypointManifests(
            name: name, namespace: namespace, traffic: traffic, enrolsNamespace: enrolsNamespace)
        try manifests.check()
        let files = try writable()
        let gateway = manifests.gateway.reference
        guard try client.names(of: .namespace, in: nil).contains(where: { $0.name == namespace }) else {
            throw CommandFailure("there is no Namespace \(namespace); name another with -n")
        }
        if !files.has(gateway), try client.names(of: .gateway, in: namespace).contains(gateway) {
            throw CommandFailure("\(gateway) is in your own manifests already; change it there")
        }
        try files.write(manifests.gateway)
        StandardOutput.write("waypoint \(namespace)/\(name) applied\n")
        if let label = manifests.label {
            try files.write(label)
            StandardOutput.write("namespace \(namespace) labelled with \(MeshLabel.useWaypoint)=\(name)\n")
        }
        guard let wait else { return 0 }
        return try awaitReady(gateway, wait)
    }

    private func awaitReady(_ gateway: ObjectReference, _ limit: TimeLimit) throws(CommandFailure) -> Int32 {
        let deadline = Date().timeIntervalSince1970 + limit.seconds
        var last: WaypointDescription?
        while true {
            if case .waypoint(let waypoint)? = try client.describe(gateway) { last = waypoint }
            if last?.ready == true { break }
            guard Date().timeIntervalSince1970 < deadline else {
                let text = last.map { "\n" + WaypointText(waypoint: $0, now: 0).text } ?? ""
                throw CommandFailure("\(gateway) is not ready after \(limit)\(text)")
            }
            Thread.sleep(forTimeInterval: Self.lookSeconds)
        }
        StandardOutput.write("waypoint \(gateway.namespace)/\(gateway.name) is ready\n")
        return 0
    }

    private func writable() throws(CommandFailure) -> AppliedManifests {
        if let applied { return applied }
        throw CommandFailure(
            """
            this controller's manifests are yours to write
                → see the waypoint's with: slipstream waypoint apply --dry-run
                → or name the directory that it reads with --directory
            """)
    }

    // MARK: Looking

    /// - Parameter isEverywhere: of all namespaces.
    package func list(isEverywhere: Bool, format: OutputFormat) throws(CommandFailure) -> Int32 {
        let waypoints = try all(in: isEverywhere ? nil : namespace)
        if let structured = format.structured(Items(items: waypoints)) {
            StandardOutput.write(structured)
        } else if format == .name {
            StandardOutput.write(waypoints.map { "gateway/\($0.name)\n" }.joined())
        } else if waypoints.isEmpty {
            StandardError.write(
                isEverywhere
                    ? "there are no waypoints\n" : "there are no waypoints in namespace \(namespace); -A shows all\n")
        } else {
            StandardOutput.write(WaypointText.table(waypoints))
        }
        return 0
    }

    /// Whether they are ready: 0 when all are.
    package func status(name: String?, isEverywhere: Bool, format: OutputFormat) throws(CommandFailure) -> Int32 {
        let waypoints = try all(in: isEverywhere ? nil : namespace).filter { name == nil || $0.name == name }
        guard !waypoints.isEmpty else {
            throw CommandFailure(
                "there is no waypoint \(name.map { "\(namespace)/\($0)" } ?? "in namespace \(namespace)"); "
                    + "make one with: slipstream waypoint apply -n \(namespace)")
        }
        let now = Int(Date().timeIntervalSince1970)
        StandardOutput.write(
            format.structured(Items(items: waypoints))
                ?? waypoints.map { WaypointText(waypoint: $0, now: now).text }.joined(separator: "\n\n"))
        return waypoints.allSatisfy(\.ready) ? 0 : 1
    }

    private func all(in namespace: String?) throws(CommandFailure) -> [WaypointDescription] {
        var parameters: [String: String] = [:]
        parameters["namespace"] = namespace
        return try client.require([WaypointDescription].self, "/api/waypoints", parameters)
    }

    // MARK: Removing

    /// - Parameter names: empty for all that commands have made in the namespace.
    package func delete(_ names: [String]) throws(CommandFailure) -> Int32 {
        let files = try writable()
        let present = try all(in: namespace).map(\.name)
        let wanted = names.isEmpty ? present.filter { files.has(gateway($0)) } : names
        if wanted.isEmpty { StandardError.write("no waypoint of namespace \(namespace) was made by this command\n") }
        for name in wanted {
            guard files.has(gateway(name)) else {
                throw CommandFailure(
                    present.contains(name)
                        ? "\(gateway(name)) is in your own manifests; remove it there"
                        : "there is no waypoint \(namespace)/\(name)")
            }
            // Who was bound goes straight before the waypoint is gone.
            try removeLabel(naming: name, files)
            try files.remove(gateway(name))
            StandardOutput.write("waypoint \(namespace)/\(name) deleted\n")
        }
        return 0
    }

    private func removeLabel(naming waypoint: String, _ files: AppliedManifests) throws(CommandFailure) {
        let reference = ObjectReference(kind: .namespace, namespace: "", name: namespace)
        guard files.object(reference)?.metadata.labels[MeshLabel.useWaypoint] == waypoint else { return }
        try files.remove(reference)
        StandardOutput.write("namespace \(namespace) no longer labelled with \(MeshLabel.useWaypoint)=\(waypoint)\n")
    }

    private func gateway(_ name: String) -> ObjectReference {
        ObjectReference(kind: .gateway, namespace: namespace, name: name)
    }
}
