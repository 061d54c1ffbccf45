import Controller
import Foundation

/// A pod's token in a file, which is replaced before it ends: when four fifths of its life are over, as the kubelet does.
struct TokenFile {
    static let lifetimeSeconds = 3_600

    let path: String
    private let audience: String
    private let lifetimeSeconds: Int
    /// In seconds of the Unix epoch.
    private var renewal = Int.min

    init(path: String, audience: String = TokenIssuer.audience, lifetimeSeconds: Int = Self.lifetimeSeconds) {
        self.path = path
        self.audience = audience
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// Writes a new token if it is time for one.
    ///
    /// - Parameter now: in seconds of the Unix epoch.
    mutating func renew(for pod: Kubernetes.Pod, by issuer: TokenIssuer, now: Int) throws {
        guard now >= renewal else { return }
        let token = try issuer.token(for: pod, audience: audience, lifetimeSeconds: lifetimeSeconds, now: now)
        let folder = URL(filePath: path).deletingLastPathComponent()
        // Whoever can read a token is who it names.
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data(token.utf8).write(to: URL(filePath: path), options: .atomic)
        renewal = now + lifetimeSeconds * 4 / 5
    }
}
