import Glibc
package import HBONE
package import Mesh
package import Reactor

/// The certificates of this node's identities: asked for when a pod needs one, renewed at half their life, forgotten with the last
/// pod. A certificate that cannot be renewed serves until its end. Owned by the control thread.
package final class Certificates {
    private static let concurrentMax = 8
    private static let backOffSeconds: ClosedRange<Int64> = 1...150
    private static let renewalSpreadSeconds: Int64 = 2
    private static let renewalAgainSeconds: Int64 = 5

    /// After failures.
    private struct Retry {
        var failures: Int
        var dueSeconds: Int64
    }

    private let reactor: Reactor
    private let source: any CertificateSource
    private let lifetimeSeconds: Int64
    private let log: Log
    private let changed: ([SPIFFEIdentity: Credential]) -> Void
    private var wanted: Set<SPIFFEIdentity> = []
    package private(set) var held: [SPIFFEIdentity: Credential] = [:]
    private var renewals: [SPIFFEIdentity: Int64] = [:]
    private var retries: [SPIFFEIdentity: Retry] = [:]
    private var asked: Set<SPIFFEIdentity> = []
    /// What the authority has said since, while it is asked; certificates come with what it said when it made them.
    private var trusted: (roots: TrustAnchors, signer: Fingerprint)?
    /// By the authority's word, which counts until there is another: certificates come without it.
    private var revocations = Revocations.none
    /// By a file of this proxy's own.
    private var ownRevocations = Revocations.none
    private var isAsking = false
    private var timer: Reactor.TimerID?

    /// - Parameter changed: told all that is held, whenever it has changed.
    package init(
        _ source: any CertificateSource, lifetimeSeconds: Int64, on reactor: Reactor, _ log: Log,
        changed: @escaping ([SPIFFEIdentity: Credential]) -> Void
    ) {
        self.source = source
        self.lifetimeSeconds = lifetimeSeconds
        self.reactor = reactor
        self.log = log
        self.changed = changed
    }

    /// These identities have pods here, and no others.
    package func want(_ identities: Set<SPIFFEIdentity>) {
        guard identities != wanted else { return }
        wanted = identities
        held = held.filter { identities.contains($0.key) }
        retries = retries.filter { identities.contains($0.key) }
        renew()
    }

    /// Peers are held to these roots, whatever certificates come with, and those that lead elsewhere than to `signer` are
    /// renewed soon.
    package func trust(_ roots: TrustAnchors, signer: Fingerprint) {
        trusted = (roots, signer)
        revocations = roots.revocations
        held = held.mapValues(judging)
        for (identity, credential) in held where credential.root != signer { renewSoon(identity) }
        renew()
    }

    /// These are not trusted either, whatever the authority says.
    package func revoke(_ revocations: Revocations) {
        ownRevocations = revocations
        held = held.mapValues(judging)
        changed(held)
    }

    /// A certificate with what its holder judges others by.
    private func judging(_ credential: Credential) -> Credential {
        var roots = trusted?.roots ?? credential.roots
        roots.revocations = revocations.union(ownRevocations)
        return credential.trusting(roots)
    }

    /// Nobody tells of roots any more: each certificate that comes does.
    package func forgetTrust() { trusted = nil }

    /// Proxies hear of a new root all at once.
    private func renewSoon(_ identity: SPIFFEIdentity) {
        renewals[identity] = Int64(time(nil)) + Int64.random(in: 0...Self.renewalSpreadSeconds)
        retries[identity] = nil
    }

    /// The roots that certificates held here lead to.
    package var roots: Set<Fingerprint> { Set(held.values.map(\.root)) }

    private func due(_ identity: SPIFFEIdentity) -> Int64 {
        if let retry = retries[identity] { return retry.dueSeconds }
        return held[identity] == nil ? .min : renewals[identity] ?? .min
    }

    /// Those that serve nobody yet come first.
    private func renew() {
        let now = Int64(time(nil))
        let due = wanted.filter { !asked.contains($0) && self.due($0) <= now }
        isAsking = true
        for identity in due.filter({ held[$0] == nil }) + due.filter({ held[$0] != nil }) {
            guard asked.count < Self.concurrentMax else { break }
            asked.insert(identity)
            source.issue(to: identity, lifetimeSeconds: lifetimeSeconds) { [weak self] result in
                self?.answered(identity, result)
            }
        }
        isAsking = false
        changed(held)
        scheduleRenewal(now)
    }

    private func answered(_ identity: SPIFFEIdentity, _ result: Result<Credential, CertificateFailure>) {
        asked.remove(identity)
        if wanted.contains(identity) { note(result, of: identity) }
        if !isAsking { renew() }
    }

    private func note(_ result: Result<Credential, CertificateFailure>, of identity: SPIFFEIdentity) {
        switch result {
        case .success(let credential):
            held[identity] = judging(credential)
            retries[identity] = nil
            // Not all at once, where all began at once.
            let jitter = Int64.random(in: 0...max(0, (credential.notAfter - credential.notBefore) / 40))
            renewals[identity] = credential.halfLife + jitter
            // It was on its way when another root began to sign.
            if let trusted, credential.root != trusted.signer {
                renewals[identity] = Int64(time(nil)) + Self.renewalAgainSeconds
            }
        case .failure(let failure):
            let failures = (retries[identity]?.failures ?? 0) + 1
            let delay = min(Self.backOffSeconds.lowerBound << min(failures - 1, 8), Self.backOffSeconds.upperBound)
            let jitter = Int64.random(in: 0...delay / 5)
            retries[identity] = Retry(failures: failures, dueSeconds: Int64(time(nil)) + delay + jitter)
            log.error("certificates", "cannot issue", ["identity": "\(identity)", "error": "\(failure)"])
        }
    }

    private func scheduleRenewal(_ now: Int64) {
        if let timer { reactor.cancel(timer) }
        timer = nil
        // Those that are asked for come with their answers, and make room for what is due.
        guard let due = wanted.filter({ !asked.contains($0) }).map(due).min() else { return }
        guard due > now || asked.isEmpty else { return }
        timer = reactor.after(milliseconds: UInt64(max(1, due - now)) * 1000) { [weak self] in self?.renew() }
    }
}
