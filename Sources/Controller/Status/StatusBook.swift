import Mesh

/// What was last told about each object and made for each Gateway, and of which of it there may be something new to tell.
///
/// Pure. A change marks what depends on it, and only that is looked at when the next statuses are made.
package struct StatusBook: Sendable {
    /// What is to be written; nil is to go.
    package struct Changes: Sendable {
        package var objects: [ObjectReference: KubernetesObject?] = [:]
        package var statuses: [ObjectReference: ObjectStatus?] = [:]

        package init() {}

        package var isEmpty: Bool { objects.isEmpty && statuses.isEmpty }

        /// What came later wins.
        package mutating func merge(_ later: Changes) {
            objects.merge(later.objects) { $1 }
            statuses.merge(later.statuses) { $1 }
        }
    }

    private var objects: [ObjectReference: KubernetesObject] = [:]
    private var statuses: [ObjectReference: ObjectStatus] = [:]
    private var madeFor: [NamespacedName: Set<ObjectReference>] = [:]

    private var marked: Set<ObjectReference> = []
    /// In whose status proxies are counted.
    private var counting: Set<ObjectReference> = []
    /// Those of them that wait for somebody.
    private var waiting: Set<ObjectReference> = []
    /// What is attached to Gateways and Services by name.
    private var attached: Set<ObjectReference> = []

    package init() {}

    package var isMarked: Bool { !marked.isEmpty }

    // MARK: Marking

    package mutating func mark(_ references: some Sequence<ObjectReference>) { marked.formUnion(references) }

    /// A proxy has acknowledged something.
    package mutating func markWaiting() { marked.formUnion(waiting) }

    /// A proxy has come or gone, or refuses something else.
    package mutating func markCounting() { marked.formUnion(counting) }

    /// Objects that others attach to have changed.
    package mutating func markAttached() { marked.formUnion(attached) }

    // MARK: Making

    /// Looks at some of what is marked.
    package mutating func changes(
        limit: Int, now: Kubernetes.Timestamp, _ translation: StatusTranslation
    ) -> Changes {
        var changes = Changes()
        for reference in Array(marked.prefix(limit)) {
            marked.remove(reference)
            update(reference, to: translation.status(of: reference)?.following(statuses[reference], at: now), &changes)
            guard reference.kind == .gateway else { continue }
            let gateway = NamespacedName(namespace: reference.namespace, name: reference.name)
            make(translation.made(for: gateway), for: gateway, &changes)
        }
        return changes
    }

    private mutating func update(_ reference: ObjectReference, to status: ObjectStatus?, _ changes: inout Changes) {
        file(reference, status)
        guard statuses[reference] != status else { return }
        statuses[reference] = status
        changes.statuses.updateValue(status, forKey: reference)
    }

    private mutating func file(_ reference: ObjectReference, _ status: ObjectStatus?) {
        let enforced = (status.map { [$0.conditions] + $0.parents.map(\.conditions) } ?? []).joined()
            .first { $0.type == Condition.enforcedType }
        counting.set(enforced != nil, reference)
        waiting.set(enforced?.status == .isFalse, reference)
        switch reference.kind {
        case .httpRoute, .grpcRoute, .requestAuthentication, .authorizationPolicy:
            attached.set(status != nil, reference)
        default: return
        }
    }

    private mutating func make(
        _ made: [KubernetesObject], for gateway: NamespacedName, _ changes: inout Changes
    ) {
        let before = madeFor[gateway] ?? []
        let after = Set(made.map(\.reference))
        for object in made where objects[object.reference] != object {
            objects[object.reference] = object
            changes.objects.updateValue(object, forKey: object.reference)
        }
        for reference in before.subtracting(after) {
            objects[reference] = nil
            changes.objects.updateValue(nil, forKey: reference)
        }
        madeFor[gateway] = after.isEmpty ? nil : after
    }
}

extension Set {
    fileprivate mutating func set(_ isMember: Bool, _ member: Element) {
        if isMember { insert(member) } else { remove(member) }
    }
}

extension MeshModel {
    /// Whose status and made objects may be others after a change to an object that is in the model.
    package func statusDependents(of object: KubernetesObject) -> Set<ObjectReference> {
        let reference = object.reference
        switch object {
        case .pod(let pod):
            let gateway = pod.metadata.labels[MeshLabel.gatewayName]
            let ready = gateway.map { ObjectReference(kind: .gateway, namespace: reference.namespace, name: $0) }
            let isBound = pod.metadata.labels[MeshLabel.useWaypoint] != nil
            return Set([isBound ? reference : nil, ready].compactMap(\.self))
        case .endpointSlice, .node: return []
        case .namespace:
            let services = services(in: reference.name).map { ObjectReference.service($0) }
            return Set(services + [reference])
        case .gateway: return dependents(ofGateway: object.metadata.key).union([reference])
        case .gatewayClass:
            return gateways(ofClass: reference.name).reduce([reference]) { all, gateway in
                all.union(dependents(ofGateway: gateway)).union([.gateway(gateway)])
            }
        case .meshConfig:
            return gateways.keys.reduce(Set(services.keys.map(ObjectReference.service)).union([reference])) {
                $0.union(dependents(ofGateway: $1)).union([.gateway($1)])
            }
        // An object of somebody else's may have the name of what would be made.
        case .service, .deployment, .serviceAccount:
            let owner = object.metadata.labels[MeshLabel.gatewayName] ?? reference.name
            return [reference, ObjectReference(kind: .gateway, namespace: reference.namespace, name: owner)]
        default: return [reference]
        }
    }

    private func dependents(ofGateway gateway: NamespacedName) -> Set<ObjectReference> {
        let asking = asking(for: gateway)
        var all = Set(asking.services.map(ObjectReference.service))
        all.formUnion(asking.pods.map { ObjectReference(kind: .pod, namespace: $0.namespace, name: $0.name) })
        for namespace in asking.namespaces {
            all.insert(ObjectReference(kind: .namespace, namespace: "", name: namespace))
            all.formUnion(services(in: namespace).map(ObjectReference.service))
        }
        return all
    }
}

extension ObjectReference {
    fileprivate static func service(_ key: NamespacedName) -> ObjectReference {
        ObjectReference(kind: .service, namespace: key.namespace, name: key.name)
    }

    fileprivate static func gateway(_ key: NamespacedName) -> ObjectReference {
        ObjectReference(kind: .gateway, namespace: key.namespace, name: key.name)
    }
}
