package import Discovery

/// One line of an object's status.
package struct Condition: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable {
        case isTrue = "True"
        case isFalse = "False"
        case isUnknown = "Unknown"
    }

    package let type: String
    package var status: Status
    /// A word for programs.
    package var reason: String
    /// A sentence for people.
    package var message: String
    /// Of the object when this was found out; nil for objects that do not count.
    package var observedGeneration: Int?
    /// When the status last became another.
    package var lastTransitionTime: Kubernetes.Timestamp?

    package init(
        _ type: String, _ status: Status, reason: String, message: String, observedGeneration: Int? = nil
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.observedGeneration = observedGeneration
    }
}

extension [Condition] {
    /// These conditions as they are now, `before` being how they were.
    package func following(_ before: [Condition], at now: Kubernetes.Timestamp) -> [Condition] {
        map { condition in
            let last = before.first { $0.type == condition.type }
            var condition = condition
            condition.lastTransitionTime = last?.status == condition.status ? last?.lastTransitionTime ?? now : now
            return condition
        }
    }
}

extension Condition {
    package var yaml: YAMLNode {
        .fields([
            "type": .text(type), "status": .text(status.rawValue), "reason": .text(reason), "message": .text(message),
            "observedGeneration": observedGeneration.map { .literal($0) },
            "lastTransitionTime": lastTransitionTime.map { .text($0.description) },
        ])
    }
}
