package import Mesh

/// A translation that is kept up with its model: a change costs what depends on it.
package struct LiveTranslation: Sendable {
    /// What a data plane is to be told of, by its key; what is gone has no value.
    package struct Changes: Hashable, Sendable {
        package var workloads: [String: Workload?] = [:]
        package var services: [NamespacedName: Service?] = [:]
        package var policies: [NamespacedName: AuthorizationPolicy?] = [:]
        /// Services whose way through waypoints is another, be they told differently or not.
        package var routes: Set<NamespacedName> = []

        package init() {}

        package var isEmpty: Bool { workloads.isEmpty && services.isEmpty && policies.isEmpty }
    }

    package private(set) var model = MeshModel()
    private let settings: MeshSettings

    package private(set) var workloads: [String: Workload] = [:]
    package private(set) var services: [NamespacedName: Service] = [:]
    /// Of services that are bound to waypoints.
    private var routes: [NamespacedName: WaypointRoute] = [:]
    package private(set) var policies: [NamespacedName: AuthorizationPolicy] = [:]
    package private(set) var remarks: [ObjectReference: [TranslationDiagnostic]] = [:]
    /// The keys of what was made from each slice, and from each ServiceEntry's own endpoints.
    private var endpointsBySlice: [NamespacedName: Set<String>] = [:]
    private var endpointsByEntry: [NamespacedName: Set<String>] = [:]
    private var pool = AddressPool()

    package init(settings: MeshSettings = MeshSettings()) {
        self.settings = settings
        let strict = PeerTranslation(model: model, settings: settings).strictPolicy
        policies[strict.key] = strict
    }

    /// The whole as it is now; the same as `Translation(of: model, settings: settings)`.
    package var translation: Translation {
        var translation = Translation()
        translation.configuration = MeshConfiguration(
            workloads: workloads.values.sorted { $0.uid < $1.uid },
            services: services.values.sorted { $0.key.sortsBefore($1.key) },
            policies: policies.values.sorted { $0.key.sortsBefore($1.key) })
        translation.diagnostics = remarks.values.flatMap(\.self).sorted {
            ($0.object, $0.field) < ($1.object, $1.field)
        }
        return translation
    }

    package func workload(_ uid: String) -> Workload? { workloads[uid] }

    package func service(_ key: NamespacedName) -> Service? { services[key] }

    package func route(to service: NamespacedName) -> WaypointRoute { routes[service] ?? .straight }

    /// Takes changes in and tells what is different for data planes.
    package mutating func apply(_ modelChanges: [MeshModel.Change]) -> Changes {
        var affected = Dependents()
        var entriesToPlace: Set<ObjectReference> = []
        for change in modelChanges {
            if let old = model.objects[change.reference] {
                affected.formUnion(model.dependents(of: old, settings: settings))
            }
            model.apply(change)
            if change.reference.kind == .serviceEntry { entriesToPlace.insert(change.reference) }
            if case .upsert(let new) = change {
                affected.formUnion(model.dependents(of: new, settings: settings))
            }
        }
        for reference in entriesToPlace.sorted() {
            pool.place(NamespacedName(namespace: reference.namespace, name: reference.name), of: model)
        }
        var changes = Changes()
        translatePods(affected.pods, &changes)
        translateWorkloadEntries(affected.workloadEntries, &changes)
        translateSlices(affected.slices, &changes)
        translateEntries(affected.entries, &changes)
        translateHosts(affected.hosts, &changes)
        translatePolicies(affected.policies, &changes)
        translateAuthentications(affected.authentications, &changes)
        return changes
    }
}

// MARK: - Making anew

extension LiveTranslation {
    private mutating func translatePods(_ keys: Set<NamespacedName>, _ changes: inout Changes) {
        let translation = WorkloadTranslation(model: model, settings: settings)
        for key in keys {
            let workload = model.pods[key].flatMap(translation.workload(for:))
            workloads.update(settings.uid(ofPod: key), to: workload, &changes.workloads)
        }
    }

    private mutating func translateWorkloadEntries(_ keys: Set<NamespacedName>, _ changes: inout Changes) {
        let translation = WorkloadEntryTranslation(model: model, settings: settings)
        for key in keys {
            let workload = model.workloadEntries[key].flatMap(translation.workload(for:))
            workloads.update(settings.uid(ofWorkloadEntry: key), to: workload, &changes.workloads)
        }
    }

    private mutating func translateSlices(_ keys: Set<NamespacedName>, _ changes: inout Changes) {
        let translation = EndpointTranslation(model: model, settings: settings)
        for key in keys {
            let endpoints = model.slices[key].map(translation.workloads(for:)) ?? []
            endpointsBySlice[key] = replace(endpointsBySlice[key], by: endpoints, &changes)
        }
    }

    private mutating func translateEntries(_ keys: Set<NamespacedName>, _ changes: inout Changes) {
        let translation = WorkloadEntryTranslation(model: model, settings: settings)
        for key in keys {
            let endpoints = model.serviceEntries[key].map(translation.workloads(for:)) ?? []
            endpointsByEntry[key] = replace(endpointsByEntry[key], by: endpoints, &changes)
        }
    }

    /// - Returns: the keys of those that there are now.
    private mutating func replace(
        _ before: Set<String>?, by endpoints: [Workload], _ changes: inout Changes
    ) -> Set<String>? {
        let uids = Set(endpoints.map(\.uid))
        for uid in (before ?? []).subtracting(uids) { workloads.update(uid, to: nil, &changes.workloads) }
        for endpoint in endpoints { workloads.update(endpoint.uid, to: endpoint, &changes.workloads) }
        return uids.isEmpty ? nil : uids
    }

    private mutating func translateHosts(_ keys: Set<NamespacedName>, _ changes: inout Changes) {
        let translation = HostTranslation(model: model, settings: settings, pool: pool)
        for key in keys {
            let service = translation.service(at: key)
            services.update(key, to: service, &changes.services)
            let object = service == nil ? nil : model.telling(key.name, in: key.namespace, settings)?.metadata
            let route = object.flatMap { model.waypointRoute(to: $0, settings) }
            if routes[key] != route { changes.routes.insert(key) }
            routes[key] = route
        }
    }

    private mutating func translatePolicies(_ keys: Set<NamespacedName>, _ changes: inout Changes) {
        for key in keys {
            var translation = model.policies[key].map { AuthorizationTranslation($0, settings: settings) }
            policies.update(key, to: translation?.policy(), &changes.policies)
            remark(translation?.diagnostics ?? [], on: .authorizationPolicy, key)
        }
    }

    private mutating func translateAuthentications(_ keys: Set<NamespacedName>, _ changes: inout Changes) {
        let translation = PeerTranslation(model: model, settings: settings)
        for key in keys {
            let authentication = model.authentications[key]
            policies.update(
                PeerTranslation.policyKey(ofAuthentication: key),
                to: authentication.flatMap(translation.policy(for:)), &changes.policies)
            remark(authentication.map(translation.diagnostics(for:)) ?? [], on: .peerAuthentication, key)
        }
    }

    private mutating func remark(
        _ diagnostics: [TranslationDiagnostic], on kind: KubernetesObject.Kind, _ key: NamespacedName
    ) {
        let reference = ObjectReference(kind: kind, namespace: key.namespace, name: key.name)
        remarks[reference] = diagnostics.isEmpty ? nil : diagnostics
    }
}

extension Dictionary where Value: Equatable {
    /// Sets or removes a value, and notes it if that makes a difference.
    fileprivate mutating func update(_ key: Key, to value: Value?, _ changes: inout [Key: Value?]) {
        guard self[key] != value else { return }
        self[key] = value
        changes.updateValue(value, forKey: key)
    }
}

extension MeshModel.Change {
    package var reference: ObjectReference {
        switch self {
        case .upsert(let object): object.reference
        case .remove(let reference): reference
        }
    }
}
