import Mesh

/// One connection as the table shows it: what its source's proxy and its destination's proxy said, put together. A client
/// or a server outside the mesh has no proxy to speak for it.
package struct Connection: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case served, denied
        case failed(reason: String)
    }

    package var outbound: AccessRecord?
    package var inbound: AccessRecord?

    /// The side that knows policy, or else the other.
    private var main: AccessRecord { inbound ?? outbound ?? AccessRecord() }
    private var other: AccessRecord { outbound ?? inbound ?? AccessRecord() }

    package var time: String { main.time }
    package var source: AccessRecord.Party { main.source.completed(by: other.source) }
    package var destination: AccessRecord.Party {
        var party = main.destination.completed(by: other.destination)
        party.address = inbound?.destination.address ?? outbound?.tunnelDestination ?? party.address
        return party
    }
    /// The source's proxy saw the service's own address; the destination's may only have been told.
    package var service: String { other.service.isEmpty ? main.service : other.service }

    package var isMutualTLS: Bool { !tlsVersion.isEmpty }
    package var tlsVersion: String { main.tlsVersion.isEmpty ? other.tlsVersion : main.tlsVersion }
    package var tlsCipher: String { main.tlsCipher.isEmpty ? other.tlsCipher : main.tlsCipher }

    package var policy: String? { main.policy ?? other.policy }
    package var policyRule: String? { main.policyRule ?? other.policyRule }
    package var policyReason: String? { main.policyReason ?? other.policyReason }

    package var bytesSent: UInt64 { max(main.bytesSent, other.bytesSent) }
    package var bytesReceived: UInt64 { max(main.bytesReceived, other.bytesReceived) }
    /// As the client saw it.
    package var durationMilliseconds: UInt64 { max(main.durationMilliseconds, other.durationMilliseconds) }

    package var verdict: Verdict {
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
