package import Mesh

/// What the data planes are told about a model, and what is to be told to its authors.
package struct Translation: Hashable, Sendable {
    package var configuration = MeshConfiguration()
    package var diagnostics: [TranslationDiagnostic] = []

    package init() {}

    /// Every resource is made from the objects that it depends on and nothing else; all are in the order of their keys.
    package init(of model: MeshModel, settings: MeshSettings = MeshSettings()) {
        let workloads = WorkloadTranslation(model: model, settings: settings)
        let endpoints = EndpointTranslation(model: model, settings: settings)
        configuration.workloads = model.pods.values.compactMap(workloads.workload(for:))
        configuration.workloads += model.slices.values.flatMap(endpoints.workloads(for:))
        let entries = WorkloadEntryTranslation(model: model, settings: settings)
        configuration.workloads += model.workloadEntries.values.compactMap(entries.workload(for:))
        configuration.workloads += model.serviceEntries.values.flatMap(entries.workloads(for:))
        configuration.workloads.sort { $0.uid < $1.uid }

        let hosts = HostTranslation(model: model, settings: settings, pool: AddressPool(of: model))
        configuration.services = model.hosts(settings).compactMap(hosts.service(at:))
        configuration.services.sort { $0.key.sortsBefore($1.key) }

        translatePolicies(of: model, settings: settings)
    }

    private mutating func translatePolicies(of model: MeshModel, settings: MeshSettings) {
        for policy in model.policies.values {
            var translation = AuthorizationTranslation(policy, settings: settings)
            if let policy = translation.policy() { configuration.policies.append(policy) }
            diagnostics += translation.diagnostics
        }
        let peers = PeerTranslation(model: model, settings: settings)
        configuration.policies.append(peers.strictPolicy)
        for authentication in model.authentications.values {
            if let policy = peers.policy(for: authentication) { configuration.policies.append(policy) }
            diagnostics += peers.diagnostics(for: authentication)
        }
        configuration.policies.sort { $0.key.sortsBefore($1.key) }
        diagnostics.sort { ($0.object, $0.field) < ($1.object, $1.field) }
    }
}

/// Something in an object that is valid and yet does not mean here what its author may think.
package struct TranslationDiagnostic: Hashable, Sendable {
    package let severity: ManifestDiagnostic.Severity
    package let object: ObjectReference
    /// Such as `spec.rules[0]`.
    package let field: String
    package let problem: String

    package init(
        _ severity: ManifestDiagnostic.Severity, _ object: ObjectReference, field: String, problem: String
    ) {
        self.severity = severity
        self.object = object
        self.field = field
        self.problem = problem
    }
}

extension ManifestReading {
    /// The same with file and line.
    package func place(_ diagnostic: TranslationDiagnostic) -> ManifestDiagnostic {
        guard let manifest = objects[diagnostic.object] else {
            return ManifestDiagnostic(
                diagnostic.severity, file: diagnostic.object.description, line: 0, field: diagnostic.field,
                problem: diagnostic.problem)
        }
        return manifest.diagnostic(diagnostic.severity, field: diagnostic.field, problem: diagnostic.problem)
    }

    package var model: MeshModel { MeshModel(objects.values.map(\.object)) }
}

extension MeshModel {
    /// All that some object wants to be told as.
    fileprivate func hosts(_ settings: MeshSettings) -> Set<NamespacedName> {
        var hosts = Set(services.keys.map(settings.resourceKey(ofService:)))
        for (key, entry) in serviceEntries {
            hosts.formUnion(entry.hosts.map { NamespacedName(namespace: key.namespace, name: $0) })
        }
        return hosts
    }
}

extension NamespacedName {
    func sortsBefore(_ other: NamespacedName) -> Bool {
        (namespace, name) < (other.namespace, other.name)
    }
}
