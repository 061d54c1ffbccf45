import Glibc
package import HBONE
package import Mesh
package import Reactor

/// The certificates of this node's identities: made when a pod needs one, renewed at half their life, forgotten with the last
/// pod. Owned by the control thread.
package final class Certificates {
    /// After a failure; the old certificate serves until its end.
    private static let retrySeconds: Int64 = 10

    private let reactor: Reactor
    private let authority: LocalAuthority
    private let lifetimeSeconds: Int64
    private let log: Log
    private let changed: ([SPIFFEIdentity: Credential]) -> Void
    private var wanted: Set<SPIFFEIdentity> = []
    package private(set) var held: [SPIFFEIdentity: Credential] = [:]
    private var timer: Reactor.TimerID?

    /// - Parameter changed: told all that is held, whenever it has changed.
    package init(
        _ authority: consuming LocalAuthority, lifetimeSeconds: Int64, on reactor: Reactor, _ log: Log,
        changed: @escaping ([SPIFFEIdentity: Credential]) -> Void
    ) {
        self.authority = authority
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
        renew()
    }

    private func renew() {
        let now = Int64(time(nil))
        for identity in wanted where held[identity].map({ $0.halfLife <= now }) ?? true {
            do throws(TLSFailure) {
                held[identity] = try authority.issue(to: identity, now: now, lifetimeSeconds: lifetimeSeconds)
            } catch {
                log.error("certificates", "cannot issue", ["identity": "\(identity)", "error": "\(error)"])
            }
        }
        changed(held)
        scheduleRenewal(now)
    }

    private func scheduleRenewal(_ now: Int64) {
        if let timer { reactor.cancel(timer) }
        timer = nil
        guard !wanted.isEmpty else { return }
        // What is still due could not be issued.
        let due = wanted.map { identity in
            let halfLife = held[identity]?.halfLife ?? now
            return halfLife > now ? halfLife : now + Self.retrySeconds
        }.min()!
        timer = reactor.after(milliseconds: UInt64(due - now) * 1000) { [weak self] in self?.renew() }
    }
}
