import Controller
import Discovery

/// Why a stream of discovery is not served, or not any longer.
package enum DiscoveryRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first request of a stream says who asks.
    case anonymous
    /// What a proxy says of itself is not what its token says.
    case foreignClaim(field: String)
    case tooManyNames(limit: Int)
    /// It has not answered a response for too long.
    case silent(seconds: Int)
    /// It has lasted long enough: the caller shows its token anew.
    case aged

    package var description: String {
        switch self {
        case .anonymous: "the first request does not say who asks"
        case .foreignClaim(let field): "the token is not that of the claimed \(field)"
        case .tooManyNames(let limit): "more than \(limit) names"
        case .silent(let seconds): "no answer to a response for \(seconds) s"
        case .aged: "a stream lasts no longer; begin another one"
        }
    }
}

extension Caller {
    /// - Parameters:
    ///   - node: as a proxy describes itself.
    ///   - place: the node where it runs, if that is proven.
    func check(_ node: DiscoveryNode, runsOn place: String?) throws(DiscoveryRefusal) {
        let pod = node.podName.split(separator: "/", maxSplits: 1).map(String.init)
        guard pod.count != 2 || pod[0] == namespace else { throw .foreignClaim(field: "id") }
        guard node.namespace == nil || node.namespace == namespace else { throw .foreignClaim(field: "NAMESPACE") }
        guard node.serviceAccount == nil || node.serviceAccount == serviceAccount else {
            throw .foreignClaim(field: "SERVICE_ACCOUNT")
        }
        if let bound = self.pod, pod.count == 2, pod[1] != bound.name { throw .foreignClaim(field: "pod") }
        if let place, !node.nodeName.isEmpty, node.nodeName != place {
            throw .foreignClaim(field: "NODE_NAME")
        }
    }
}
