import Controller
import Playground

/// Which objects a command is about: `KIND/NAME…`, `KIND NAME…`, or all of a `KIND`.
struct ObjectSelection: Hashable {
    enum Member: Hashable {
        case object(ObjectReference)
        /// Of the namespace, or of all when it is nil.
        case all(KubernetesObject.Kind, namespace: String?)
    }

    let members: [Member]

    /// - Parameter isEverywhere: all namespaces are meant.
    init(_ words: [String], namespace: String, isEverywhere: Bool = false) throws(CommandFailure) {
        guard let first = words.first else {
            throw CommandFailure("expected KIND/NAME or KIND NAME, such as pod/cart or service cart")
        }
        if first.contains("/") {
            members = try words.map { (word) throws(CommandFailure) in
                let parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 2, !parts[1].isEmpty else {
                    throw CommandFailure("expected KIND/NAME, found \(word)")
                }
                return .object(try Self.reference(ObjectKind.named(parts[0]), parts[1], namespace))
            }
            return
        }
        let kind = try ObjectKind.named(first)
        guard words.count > 1 else {
            members = [.all(kind, namespace: isEverywhere || !kind.isNamespaced ? nil : namespace)]
            return
        }
        members = try words.dropFirst().map { (word) throws(CommandFailure) in
            .object(try Self.reference(kind, word, namespace))
        }
    }

    /// A name may bring its namespace with it.
    private static func reference(
        _ kind: KubernetesObject.Kind, _ name: String, _ namespace: String
    ) throws(CommandFailure) -> ObjectReference {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, !parts.contains("") else { throw CommandFailure("expected a name, found \(name)") }
        guard parts.count == 1 || kind.isNamespaced else {
            throw CommandFailure("a \(kind.rawValue) lives in no namespace, found \(name)")
        }
        return ObjectReference(
            kind: kind, namespace: kind.isNamespaced ? (parts.count == 2 ? parts[0] : namespace) : "",
            name: parts[parts.count - 1])
    }
}
