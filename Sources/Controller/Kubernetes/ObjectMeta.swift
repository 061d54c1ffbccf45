extension Kubernetes {
    /// What every object has.
    package struct ObjectMeta: Hashable, Sendable {
        package var name: String
        /// Empty for kinds that live in no namespace.
        package var namespace: String
        package var labels: [String: String] = [:]
        package var annotations: [String: String] = [:]
        package var uid = ""
        /// Rises with each change of the spec; nil for kinds that do not count, and in files.
        package var generation: Int?
        package var generateName = ""
        package var creationTimestamp: Timestamp?
        /// When it is set the object is going away.
        package var deletionTimestamp: Timestamp?
        package var ownerReferences: [OwnerReference] = []

        package init(name: String, namespace: String = "") {
            self.name = name
            self.namespace = namespace
        }

        /// The owner that made the object, of the several that it may have.
        package var controller: OwnerReference? { ownerReferences.first(where: \.isController) }
    }

    package struct OwnerReference: Hashable, Sendable {
        package var apiVersion: String
        package var kind: String
        package var name: String
        package var uid: String
        package var isController = false

        package init(apiVersion: String, kind: String, name: String, uid: String, isController: Bool = false) {
            self.apiVersion = apiVersion
            self.kind = kind
            self.name = name
            self.uid = uid
            self.isController = isController
        }
    }

    /// Which objects are meant, by their labels. All requirements must hold; none means all objects.
    package struct LabelSelector: Hashable, Sendable {
        package struct Requirement: Hashable, Sendable {
            package enum Operator: String, Hashable, Sendable, CaseIterable {
                case isIn = "In"
                case isNotIn = "NotIn"
                case exists = "Exists"
                case doesNotExist = "DoesNotExist"
            }

            package var key: String
            package var operation: Operator
            package var values: [String]

            package init(key: String, operation: Operator, values: [String] = []) {
                self.key = key
                self.operation = operation
                self.values = values
            }

            func holds(for labels: [String: String]) -> Bool {
                switch operation {
                case .isIn: labels[key].map(values.contains) ?? false
                case .isNotIn: labels[key].map { !values.contains($0) } ?? true
                case .exists: labels[key] != nil
                case .doesNotExist: labels[key] == nil
                }
            }
        }

        package var matchLabels: [String: String]
        package var requirements: [Requirement]

        package init(matchLabels: [String: String] = [:], requirements: [Requirement] = []) {
            self.matchLabels = matchLabels
            self.requirements = requirements
        }

        package func matches(_ labels: [String: String]) -> Bool {
            matchLabels.allSatisfy { labels[$0.key] == $0.value } && requirements.allSatisfy { $0.holds(for: labels) }
        }
    }
}
