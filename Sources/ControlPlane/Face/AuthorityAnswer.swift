import Foundation
import X509

/// How it stands with the roots, as it is written in JSON.
struct AuthorityAnswer: Encodable {
    struct Root: Encodable {
        let fingerprint: String
        let subject: String
        let end: Date
        let signs: Bool
    }

    struct Laggard: Encodable {
        let holder: String
        let reason: String
        let until: Date?
    }

    let roots: [Root]
    /// `announcing`, `signing`; nil when no root is being replaced.
    let rotation: String?
    /// Node proxies that tell of the roots that they go by.
    let connected: Int
    /// Who is waited for before the next step.
    let laggards: [Laggard]

    init(_ status: AuthorityStatus) {
        roots = status.roots.compactMap { root in
            guard let fingerprint = try? root.fingerprint else { return nil }
            return Root(
                fingerprint: "\(fingerprint)", subject: "\(root.subject)", end: root.notValidAfter,
                signs: fingerprint == status.signer)
        }
        rotation = status.phase?.rawValue
        connected = status.connected
        laggards = status.laggards.map { laggard in
            Laggard(
                holder: laggard.holder, reason: "\(laggard.reason)",
                until: laggard.until.map { Date(timeIntervalSince1970: Double($0)) })
        }
    }
}

extension RootRotation.Laggard.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unacknowledged: "has not said that it trusts both roots"
        case .restsOnOld: "has certificates or tunnels below the old root"
        case .rejects(let reason): "rejects the roots: \(reason)"
        }
    }
}
