import Mesh

/// One connection as the table shows it: what its source's proxy and its destination's proxy said, put together. A client
/// or a server outside the mesh has no proxy to speak for it.
struct Connection: Hashable, Sendable {
    enum Verdict: Hashable, Sendable {
        case served, denied
        case failed(reason: String)
    }

    var outbound: AccessRecord?
    var inbound: AccessRecord?

    /// The side that knows policy, or else the other.
    private var main: AccessRecord { inbound ?? outbound ?? AccessRecord() }
    private var other: AccessRecord { outbound ?? inbound ?? AccessRecord() }

    var time: String { main.time }
    var source: AccessRecord.Party { main.source.completed(by: other.source) }
    var destination: AccessRecord.Party {
        var party = main.destination.completed(by: other.destination)
        // Where the tunnel leads, rather than where it ends.
        party.address = main.tunnelDestination ?? other.tunnelDestination ?? party.address
        return party
    }
    /// The source's proxy saw the service's own address; the destination's may only have been told.
    var service: String { other.service.isEmpty ? main.service : other.service }

    var isMutualTLS: Bool { !tlsVersion.isEmpty }
    var tlsVersion: String { main.tlsVersion.isEmpty ? other.tlsVersion : main.tlsVersion }
    var tlsCipher: String { main.tlsCipher.isEmpty ? other.tlsCipher : main.tlsCipher }

    var policy: String? { main.policy ?? other.policy }
    var policyRule: String? { main.policyRule ?? other.policyRule }
    var policyReason: String? { main.policyReason ?? other.policyReason }
    var nearestRule: String? { main.nearestRule ?? other.nearestRule }

    var bytesSent: UInt64 { max(main.bytesSent, other.bytesSent) }
    var bytesReceived: UInt64 { max(main.bytesReceived, other.bytesReceived) }
    /// As the client saw it.
    var durationMilliseconds: UInt64 { max(main.durationMilliseconds, other.durationMilliseconds) }

    var verdict: Verdict {
        guard let error = main.error ?? other.error else { return .served }
        return wasRefusedByPolicy ? .denied : .failed(reason: error)
    }

    /// A policy that let a connection in is named too, and the application may have failed it after that.
    private var wasRefusedByPolicy: Bool {
        guard let reason = policyReason, !reason.isEmpty else {
            // The destination's proxy has not said why yet; its answer to CONNECT was "unauthorized".
            return inbound == nil && outbound?.error?.contains("401") == true
        }
        return !Self.admissions.contains { reason.hasPrefix($0) }
    }

    /// How ztunnel's reasons begin when it let a connection in.
    private static let admissions = ["allowed by", "no allow policies apply"]
}

extension AccessRecord.Party {
    fileprivate func completed(by other: Self) -> Self {
        Self(
            address: address ?? other.address, workload: workload.isEmpty ? other.workload : workload,
            namespace: namespace.isEmpty ? other.namespace : namespace,
            identity: identity.isEmpty ? other.identity : identity)
    }
}
