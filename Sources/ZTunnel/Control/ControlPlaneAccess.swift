import HBONE
import Reactor

/// How a service of the control plane is reached: where it is, how it proves itself, and what we show it.
package struct ControlPlaneAccess: Hashable, Sendable {
    /// What a server must prove to be signed by.
    package enum Roots: Hashable, Sendable {
        case file(String)
        case pem(String)
    }

    package var address: String
    package var roots: Roots
    /// The name that the server must prove, where it is not the address's own.
    package var serverName: String?
    /// A file with the bearer token, read for each call.
    package var tokenPath: String
    package var clusterID: String
    /// Beside ours, names in lower case.
    package var headers: [String: String] = [:]

    private static let fileLimitBytes = 1 << 20

    /// What goes with each call. A token that is not there is left out: the server says what it misses.
    var metadata: [(name: String, value: String)] {
        var metadata = headers.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        metadata.append(("clusterid", clusterID))
        if let token = try? WholeFile.contents(of: tokenPath, limitBytes: Self.fileLimitBytes) {
            let text = String(decoding: token, as: UTF8.self)
            metadata.append(("authorization", "Bearer " + text.filter { !$0.isWhitespace }))
        }
        return metadata
    }

    /// The roots as they are now.
    func security(_ address: GRPCAddress) throws(TLSFailure) -> GRPCConnection.Security? {
        guard address.isSecure else { return nil }
        let pem: [UInt8]
        switch roots {
        case .pem(let text): pem = Array(text.utf8)
        case .file(let path):
            do throws(Errno) {
                pem = try WholeFile.contents(of: path, limitBytes: Self.fileLimitBytes)
            } catch {
                throw .unusableCredential("\(path): \(error)")
            }
        }
        let context = try TLSContext(trusting: try TrustAnchors(pem: pem))
        return GRPCConnection.Security(context, expecting: .host(serverName ?? address.host))
    }
}

/// Makes connections to one service. Owned by the control thread.
final class ControlPlaneDoor {
    let access: ControlPlaneAccess
    private let address: GRPCAddress
    private let lookup: NameLookup
    private let reactor: Reactor
    private let scratch: TLSScratch
    private let settings: HTTP2Settings

    init(_ access: ControlPlaneAccess, on reactor: Reactor, _ scratch: TLSScratch) throws(Errno) {
        guard let address = GRPCAddress(access.address) else { preconditionFailure("not checked: \(access.address)") }
        self.access = access
        self.address = address
        self.reactor = reactor
        self.scratch = scratch
        lookup = try NameLookup(address.host, on: reactor)
        var settings = HTTP2Settings()
        settings.pingAfterMilliseconds = 30_000
        settings.pingTimeoutMilliseconds = 10_000
        settings.handshakeTimeoutMilliseconds = 5_000
        self.settings = settings
    }

    func connect(_ observer: any GRPCConnectionObserver) throws(TLSFailure) -> GRPCConnection {
        GRPCConnection(
            to: address, try access.security(address), lookup, settings: settings, scratch, on: reactor,
            observer: observer)
    }
}
