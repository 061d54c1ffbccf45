/// One of several objects of a kind.
package struct NamedObject: Codable, Hashable, Sendable {
    /// Empty for kinds that live in no namespace.
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }
}
