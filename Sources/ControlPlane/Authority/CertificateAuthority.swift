import Crypto
package import Discovery
package import Foundation
package import Mesh
package import Reactor
import SwiftASN1
import Synchronization
package import X509

/// Signs certificates with what a directory holds, takes over what is put there instead, and replaces a root of its own making
/// in time.
package final class CertificateAuthority: Sendable {
    package struct Settings: Sendable {
        package var trustDomain: String
        /// As long, and no longer, may a workload's certificate live.
        package var lifetimeLimitSeconds = 86_400.0
        /// Of roots that are made here; they are replaced at half of it.
        package var rootLifetimeSeconds = IssuingMaterial.rootLifetimeSeconds
        /// How long nobody must be waited for before the next step of a rotation.
        package var settlingSeconds: Int64 = 10
        /// Of this program's own server.
        package var serverNames: [String] = []

        package init(trustDomain: String) { self.trustDomain = trustDomain }
    }

    /// Why a rotation is not begun.
    package enum RotationRefusal: Error, Hashable, Sendable, CustomStringConvertible {
        case underWay
        case notARoot
        case unwritable(String)

        package var description: String {
            switch self {
            case .underWay: "a rotation is under way already"
            case .notARoot: "ca-cert.pem is no root: who signed it makes its successor"
            case .unwritable(let reason): reason
            }
        }
    }

    private struct State {
        var material: IssuingMaterial
        var bundle: TrustBundle
        var trace: [String]
        var looked: Date
        var register: TrustRegister
        /// The ends that are on disk, or will be soon; they may be later than the true ones.
        var storedHolders: [String: Int64]
        var isStoringDue = false
        var rotation: RootRotation?
        var server: ServerCredential?
        var complaint: String?
    }

    private let files: AuthorityFiles
    private let settings: Settings
    private let log: Log
    private let state: Mutex<State>

    /// Clocks differ: a certificate begins a little before it is made.
    private static let backdatingSeconds = 120.0
    private static let lookSeconds = 1.0

    /// Makes a root of its own when the directory has none, and goes on with a rotation that was broken off.
    package init(_ files: AuthorityFiles, _ settings: Settings, _ log: Log, now: Date = Date()) throws {
        if files.isEmpty {
            try files.makeSelfSigned(
                trustDomain: settings.trustDomain, seconds: settings.rootLifetimeSeconds, now: now)
            log.info("ca", "made a root", ["directory": files.directory])
        }
        self.files = files
        self.settings = settings
        self.log = log
        let record = try Self.resumed(files, log)
        let material = try files.read()
        let holders = Self.holders(files, until: now.addingTimeInterval(settings.lifetimeLimitSeconds), log)
        state = Mutex(
            State(
                material: material, bundle: try material.bundle, trace: files.trace(), looked: now,
                register: TrustRegister(holders: holders), storedHolders: holders,
                rotation: record.map { RootRotation($0, settlingSeconds: settings.settlingSeconds) }))
    }

    private static func holders(_ files: AuthorityFiles, until end: Date, _ log: Log) -> [String: Int64] {
        do {
            return try files.holders()
        } catch {
            log.warn("ca", "who holds certificates is not known", ["error": "\(error)"])
            return ["somebody": Int64(end.timeIntervalSince1970)]
        }
    }

    private static func resumed(_ files: AuthorityFiles, _ log: Log) throws -> RotationRecord? {
        guard let record = try files.record() else { return nil }
        guard try files.bring(to: record) else {
            try files.abandonRotation()
            log.warn("ca", "gave up a rotation: its files have been replaced", ["directory": files.directory])
            return nil
        }
        log.info("ca", "goes on with a rotation", ["phase": record.phase.rawValue, "new": "\(record.new)"])
        return record.phase == .finishing ? nil : record
    }
}

// MARK: - Certificates

extension CertificateAuthority {
    /// - Parameter holder: who will have it.
    /// - Returns: PEM: the leaf, what lies between, and last the roots.
    package func issue(
        _ request: SigningRequest, to identity: SPIFFEIdentity, holder: String, seconds: Int64, now: Date = Date()
    ) throws(IssuanceRefusal) -> (chain: [String], end: Date) {
        try request.checkNames(are: identity.description)
        let wanted = seconds > 0 ? min(Double(seconds), settings.lifetimeLimitSeconds) : settings.lifetimeLimitSeconds
        look(now: now)
        do {
            return try state.withLock { state in
                let end = min(now.addingTimeInterval(wanted), state.material.issuer.notValidAfter)
                note(holder, until: end, &state)
                let names = [GeneralName.uniformResourceIdentifier(identity.description)]
                return (
                    try Self.chain(request.key, names, state.material, until: end, now: now) + [state.material.rootPEM],
                    end
                )
            }
        } catch let refusal as IssuanceRefusal {
            throw refusal
        } catch {
            log.error("ca", "cannot sign", ["error": "\(error)"])
            throw .authority
        }
    }

    /// Whom the next rotation waits for must be known after this process, too: noted for longer than the certificate lives, so
    /// that little is written, and written with the next look, so that a thousand proxies that come at once are written once.
    private func note(_ holder: String, until end: Date, _ state: inout State) {
        let seconds = Int64(end.timeIntervalSince1970.rounded(.up))
        state.register.issued(to: holder, until: seconds)
        guard state.material.isRoot, (state.storedHolders[holder] ?? .min) < seconds else { return }
        state.storedHolders[holder] = seconds + Int64(settings.lifetimeLimitSeconds)
        state.isStoringDue = true
    }

    private func store(_ state: inout State) throws {
        guard state.isStoringDue else { return }
        state.storedHolders = state.storedHolders.filter { state.register.holders[$0.key] != nil }
        try files.write(holders: state.storedHolders)
        state.isStoringDue = false
    }

    private static func chain(
        _ key: Certificate.PublicKey, _ names: [GeneralName], _ material: IssuingMaterial, until end: Date, now: Date
    ) throws -> [String] {
        guard end > now else { throw IssuanceRefusal.authority }
        let leaf = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key,
            notValidBefore: max(now.addingTimeInterval(-backdatingSeconds), material.issuer.notValidBefore),
            notValidAfter: end, issuer: material.issuer.subject, subject: DistinguishedName(),
            extensions: try extensions(names, issuer: material.issuer), issuerPrivateKey: material.key)
        return try ([leaf] + material.intermediates).map { try $0.serializeAsPEM().pemString + "\n" }
    }

    private static func extensions(_ names: [GeneralName], issuer: Certificate) throws -> Certificate.Extensions {
        let keyID = try issuer.extensions.subjectKeyIdentifier?.keyIdentifier
        return try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage([.serverAuth, .clientAuth])
            // There is no subject, so that this is what names it (RFC 5280 §4.2.1.6).
            Critical(SubjectAlternativeNames(names))
            if let keyID { AuthorityKeyIdentifier(keyIdentifier: keyID) }
        }
    }

    /// All roots that proxies are to trust, in PEM.
    package func roots(now: Date = Date()) throws -> String {
        look(now: now)
        return state.withLock { $0.material.rootPEM }
    }

    /// What this program's own server shows: another one when half the life of the last is over, or another root signs.
    package func serverCredential(now: Date = Date()) throws -> ServerCredential {
        try state.withLock { state in
            if let server = state.server, server.signer == state.bundle.signer, now < server.renewal { return server }
            let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
            let end = min(now.addingTimeInterval(ServerCredential.lifetimeSeconds), state.material.issuer.notValidAfter)
            let names = settings.serverNames.map(GeneralName.dnsName)
            let server = ServerCredential(
                chain: try Self.chain(key.publicKey, names, state.material, until: end, now: now),
                key: try key.serializeAsPEM().pemString, signer: state.bundle.signer,
                renewal: now.addingTimeInterval(end.timeIntervalSince(now) / 2))
            state.server = server
            return server
        }
    }
}

// MARK: - Trust

extension CertificateAuthority {
    package var bundle: TrustBundle { state.withLock { $0.bundle } }

    package func opened(_ holder: String) { state.withLock { $0.register.opened(holder) } }

    package func closed(_ holder: String) { state.withLock { $0.register.closed(holder) } }

    package func reported(_ report: TrustReport, by holder: String) {
        state.withLock { $0.register.reported(report, by: holder) }
    }

    /// Looks after the directory and the rotation, at most once a second.
    ///
    /// - Returns: whether what is to be trusted is another now.
    @discardableResult
    package func look(now: Date = Date()) -> Bool {
        state.withLock { state in
            guard abs(now.timeIntervalSince(state.looked)) >= Self.lookSeconds else { return false }
            state.looked = now
            let before = state.bundle.version
            do {
                try follow(&state)
                try store(&state)
                try turn(&state, now: now)
                state.complaint = nil
            } catch {
                complain("\(error)", &state)
            }
            return state.bundle.version != before
        }
    }

    /// Once for each new reason.
    private func complain(_ reason: String, _ state: inout State) {
        guard reason != state.complaint else { return }
        state.complaint = reason
        log.error("ca", "goes on with what it has", ["error": reason])
    }

    /// Files that cannot be used change nothing.
    private func follow(_ state: inout State) throws {
        let trace = files.trace()
        guard trace != state.trace else { return }
        state.trace = trace
        try take(try files.read(), &state)
        log.info("ca", "took over what was put into its directory", ["directory": files.directory])
        guard let record = state.rotation?.record else { return }
        let signer = record.phase == .announcing ? record.old : record.new
        guard state.bundle.signer != signer || !state.material.trusts(record.new) else { return }
        state.rotation = nil
        try files.abandonRotation()
        log.warn("ca", "gave up a rotation: its files have been replaced", ["directory": files.directory])
    }

    private func take(_ material: IssuingMaterial, _ state: inout State) throws {
        state.bundle = try material.bundle
        state.material = material
    }

    // MARK: Rotation

    /// Begins to replace the root.
    package func rotate(now: Date = Date()) throws(RotationRefusal) {
        do {
            try state.withLock { try begin(&$0, now: now) }
        } catch let refusal as RotationRefusal {
            throw refusal
        } catch {
            throw .unwritable("\(error)")
        }
    }

    private func turn(_ state: inout State, now: Date) throws {
        let seconds = Int64(now.timeIntervalSince1970)
        state.register.forgetEnded(now: seconds)
        guard state.rotation != nil else {
            if state.material.isOurs, now >= state.material.issuer.halfLife { try begin(&state, now: now) }
            return
        }
        guard let step = state.rotation?.dueStep(state.register, bundle: state.bundle.version, now: seconds),
            let record = state.rotation?.successor(of: step, state.register, now: seconds)
        else { return }
        try enter(record, &state)
        switch step {
        case .sign: log.info("ca", "the new root signs", ["new": "\(record.new)"])
        case .finish: log.info("ca", "the old root is not trusted any more", ["old": "\(record.old)"])
        }
    }

    private func begin(_ state: inout State, now: Date) throws {
        guard state.rotation == nil else { throw RotationRefusal.underWay }
        guard state.material.isRoot else { throw RotationRefusal.notARoot }
        let new = try files.makeNextRoot(
            trustDomain: settings.trustDomain, seconds: settings.rootLifetimeSeconds, now: now)
        let seconds = Int64(now.timeIntervalSince1970)
        let record = RotationRecord(
            .announcing, old: state.bundle.signer, new: try new.fingerprint, since: seconds,
            awaited: state.register.holders.filter { $0.value > seconds })
        try enter(record, &state)
        log.info("ca", "a new root is announced", ["old": "\(record.old)", "new": "\(record.new)"])
    }

    /// The record first: whatever breaks off what follows, the next process goes on with it.
    private func enter(_ record: RotationRecord, _ state: inout State) throws {
        try files.write(record)
        let isOver = record.phase == .finishing
        state.rotation = RootRotation(record, settlingSeconds: settings.settlingSeconds)
        guard try files.bring(to: record) else {
            state.rotation = nil
            return try files.abandonRotation()
        }
        if isOver { state.rotation = nil }
        state.trace = files.trace()
        try take(try files.read(), &state)
    }

    /// How it stands with the roots, for whoever asks.
    package func status(now: Date = Date()) -> AuthorityStatus {
        state.withLock { state in
            let seconds = Int64(now.timeIntervalSince1970)
            return AuthorityStatus(
                roots: state.material.roots, signer: state.bundle.signer, bundle: state.bundle.version,
                phase: state.rotation?.record.phase, connected: state.register.connected.count,
                laggards: state.rotation?.laggards(state.register, bundle: state.bundle.version, now: seconds) ?? [])
        }
    }
}

/// How it stands with the roots.
package struct AuthorityStatus: Sendable {
    package let roots: [Certificate]
    package let signer: Fingerprint
    /// The version of what proxies are told to trust.
    package let bundle: String
    /// Nil when no rotation is under way.
    package let phase: RotationRecord.Phase?
    /// Node proxies that tell of the roots that they go by.
    package let connected: Int
    package let laggards: [RootRotation.Laggard]
}

/// What this program's own server shows: PEM.
package struct ServerCredential: Sendable {
    static let lifetimeSeconds = 90 * 86_400.0

    package let chain: [String]
    package let key: String
    let signer: Fingerprint
    /// When another one is to be made.
    package let renewal: Date
}

extension IssuingMaterial {
    fileprivate var bundle: TrustBundle {
        get throws {
            TrustBundle(
                roots: try roots.map { try $0.der }, signer: try root.fingerprint, revocationLists: revocationLists)
        }
    }

    fileprivate func trusts(_ root: Fingerprint) -> Bool { roots.contains { (try? $0.fingerprint) == root } }

    fileprivate var rootPEM: String {
        roots.compactMap { try? $0.serializeAsPEM().pemString + "\n" }.joined()
    }
}

extension Certificate {
    fileprivate var halfLife: Date {
        notValidBefore.addingTimeInterval(notValidAfter.timeIntervalSince(notValidBefore) / 2)
    }
}
