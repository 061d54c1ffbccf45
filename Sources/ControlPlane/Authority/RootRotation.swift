import Discovery
import Mesh

/// One root takes another's place without anybody being cut off: it is trusted everywhere before it signs, and the old one goes
/// when nothing rests on it.
///
/// Pure: told the time and what proxies say, it says which step is due; the caller takes it and makes it last before it tells
/// anybody. Who says nothing, as foreign proxies do, is waited for until the certificates that it had at the step's begin have
/// ended. A node proxy that is connected is waited for as long as it takes: its tunnels may outlive certificates.
package struct RootRotation: Sendable {
    package enum Step: Hashable, Sendable {
        /// From now on the new root signs.
        case sign
        /// From now on the old root is not trusted.
        case finish
    }

    /// Why a step is not taken yet.
    package struct Laggard: Hashable, Sendable {
        package enum Reason: Hashable, Sendable {
            /// It has not said that it goes by both roots.
            case unacknowledged
            /// It has certificates or tunnels below the old one.
            case restsOnOld
            case rejects(String)
        }

        package let holder: String
        package let reason: Reason
        /// Until when it is waited for, in seconds since 1970; nil when for as long as it takes.
        package let until: Int64?

        package init(holder: String, reason: Reason, until: Int64?) {
            self.holder = holder
            self.reason = reason
            self.until = until
        }
    }

    package private(set) var record: RotationRecord
    private let settlingSeconds: Int64
    /// Since when nobody is waited for.
    private var clearSince: Int64?

    /// Two clocks may disagree by so much.
    private static let leewaySeconds: Int64 = 10

    /// - Parameter settlingSeconds: how long nobody must be waited for before a step is taken: handshakes and requests for
    ///   certificates that began before are over by then.
    package init(_ record: RotationRecord, settlingSeconds: Int64) {
        self.record = record
        self.settlingSeconds = settlingSeconds
    }

    /// Who is waited for, by name.
    package func laggards(_ register: TrustRegister, bundle version: String, now: Int64) -> [Laggard] {
        Set(record.awaited.keys).union(register.connected).sorted().compactMap { holder in
            guard let reason = reason(register, holder, version) else { return nil }
            if register.isConnected(holder) { return Laggard(holder: holder, reason: reason, until: nil) }
            guard let end = record.awaited[holder], end + Self.leewaySeconds > now else { return nil }
            return Laggard(holder: holder, reason: reason, until: end + Self.leewaySeconds)
        }
    }

    private func reason(_ register: TrustRegister, _ holder: String, _ version: String) -> Laggard.Reason? {
        guard let report = register.reports[holder] else { return .unacknowledged }
        guard report.version == version else { return report.rejection.map { .rejects($0) } ?? .unacknowledged }
        guard record.phase == .signing else { return nil }
        return report.restsOn.contains(record.old) ? .restsOnOld : nil
    }

    /// The step that may be taken now. To be asked again and again.
    package mutating func dueStep(_ register: TrustRegister, bundle version: String, now: Int64) -> Step? {
        guard record.phase != .finishing else { return .finish }
        guard laggards(register, bundle: version, now: now).isEmpty else {
            clearSince = nil
            return nil
        }
        let since = clearSince ?? now
        clearSince = since
        guard now - since >= settlingSeconds else { return nil }
        return record.phase == .announcing ? .sign : .finish
    }

    /// The record of the next phase, which begins when it is on disk.
    package func successor(of step: Step, _ register: TrustRegister, now: Int64) -> RotationRecord {
        var next = record
        next.phase = step == .sign ? .signing : .finishing
        next.since = now
        next.awaited = register.holders.filter { $0.value > now }
        return next
    }
}
