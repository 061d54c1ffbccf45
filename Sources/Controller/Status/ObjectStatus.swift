package import Discovery

/// What is to be told about an object in its status: its own part of it, beside what others write.
package struct ObjectStatus: Hashable, Sendable {
    /// Of a route, about one of its parents.
    package struct Parent: Hashable, Sendable {
        package var reference: Kubernetes.Route.Parent
        package var conditions: [Condition]

        package init(_ reference: Kubernetes.Route.Parent, _ conditions: [Condition]) {
            self.reference = reference
            self.conditions = conditions
        }
    }

    /// Who writes about a route's parents.
    package static let controllerName = "slipstream.io/mesh-controller"

    package let object: ObjectReference
    package var uid: String
    package var conditions: [Condition] = []
    package var parents: [Parent] = []
    /// Of a Gateway.
    package var addresses: [Kubernetes.Gateway.Address] = []

    package init(_ object: ObjectReference, uid: String) {
        self.object = object
        self.uid = uid
    }

    package var isEmpty: Bool { conditions.isEmpty && parents.isEmpty && addresses.isEmpty }

    /// As it is now, `before` being how it was.
    package func following(_ before: ObjectStatus?, at now: Kubernetes.Timestamp) -> ObjectStatus {
        var status = self
        status.conditions = conditions.following(before?.conditions ?? [], at: now)
        status.parents = parents.map { parent in
            let old = before?.parents.first { $0.reference == parent.reference }
            return Parent(parent.reference, parent.conditions.following(old?.conditions ?? [], at: now))
        }
        return status
    }

    /// Which object, and its status.
    package var yaml: YAMLNode {
        .fields([
            "apiVersion": .text(object.kind.apiVersion), "kind": .text(object.kind.rawValue),
            "metadata": .fields([
                "name": .text(object.name), "namespace": .unlessEmpty(object.namespace), "uid": .unlessEmpty(uid),
            ]),
            "status": .fields([
                "addresses": .unlessEmpty(addresses.map(\.yaml)), "conditions": .unlessEmpty(conditions.map(\.yaml)),
                "parents": .unlessEmpty(parents.map(\.yaml)),
            ]),
        ])
    }
}

extension ObjectStatus.Parent {
    fileprivate var yaml: YAMLNode {
        .fields([
            "parentRef": .fields([
                "group": .text(reference.group), "kind": .text(reference.kind),
                "namespace": .unlessEmpty(reference.namespace), "name": .text(reference.name),
                "sectionName": reference.sectionName.map { .text($0) },
                "port": reference.port.map { .literal($0) },
            ]),
            "controllerName": .text(ObjectStatus.controllerName), "conditions": .list(conditions.map(\.yaml)),
        ])
    }
}
