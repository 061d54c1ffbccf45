import Discovery
package import HBONE
import Mesh
package import Reactor

/// Hears from the certificate authority which roots to trust, and says what of it is in force here. An authority that does not
/// know this call tells of roots with each certificate. Owned by the control thread.
package final class TrustClient: GRPCConnectionObserver, GRPCCallObserver {
    private static let method = "slipstream.authority.v1.TrustService/Watch"
    private static let backOffMilliseconds: ClosedRange<UInt64> = 100...15_000
    private static let unknownMilliseconds: UInt64 = 300_000
    private static let surveyMilliseconds: UInt64 = 1_000

    private let reactor: Reactor
    private let log: Log
    private let node: NodeProxy
    private let door: ControlPlaneDoor
    private var connection: GRPCConnection?
    private var call: GRPCCall?
    private var backOff = backOffMilliseconds.lowerBound
    /// Whether the authority has answered that it does not know this call.
    private var isUnknown = false
    private var said: TrustReport?
    /// The bundle that every worker goes by, and the one that was heard last.
    private var inForce = ""
    private var heard: TrustBundle?
    private var rejection: String?
    private var survey: Reactor.TimerID?

    package init(
        _ access: ControlPlaneAccess, _ node: NodeProxy, on reactor: Reactor, _ scratch: TLSScratch, _ log: Log
    ) throws(Errno) {
        self.reactor = reactor
        self.log = log
        self.node = node
        door = try ControlPlaneDoor(access, on: reactor, scratch)
    }

    package func start() {
        do throws(TLSFailure) {
            connection = try door.connect(self)
        } catch {
            retry()
        }
    }

    package func connectionOpened(_ connection: GRPCConnection) {
        call = connection.call(
            Self.method, metadata: door.access.metadata, messageLimitBytes: DiscoveryLimits.trustBytes, observer: self)
        guard call != nil else { return connection.close() }
        said = nil
        report()
    }

    package func connectionClosed(_ connection: GRPCConnection, _ failure: GRPCFailure) {
        self.connection = nil
        call = nil
        node.certificates.forgetTrust()
        retry()
    }

    package func callEnded(_ call: GRPCCall, _ status: GRPCStatus) {
        self.call = nil
        isUnknown = status.code == .unimplemented
        // Not on its own call's stack.
        _ = reactor.after(milliseconds: 0) { [weak self] in self?.connection?.close() }
    }

    private func retry() {
        let delay = isUnknown ? Self.unknownMilliseconds : backOff
        backOff = min(backOff * 2, Self.backOffMilliseconds.upperBound)
        _ = reactor.after(milliseconds: delay + .random(in: 0...delay / 4)) { [weak self] in self?.start() }
    }

    package func call(_ call: GRPCCall, received message: [UInt8]) {
        backOff = Self.backOffMilliseconds.lowerBound
        do {
            let bundle = try TrustBundle(decoding: message)
            let roots = try TrustAnchors(
                certificates: bundle.roots, signer: bundle.signer, revocationLists: bundle.revocationLists)
            rejection = nil
            take(bundle, roots)
        } catch {
            // What was told last stays in force.
            rejection = "\(error)"
            log.warn("certificates", "roots rejected", ["error": "\(error)"])
            report()
        }
    }

    private func take(_ bundle: TrustBundle, _ roots: TrustAnchors) {
        if bundle.version != inForce {
            log.info(
                "certificates", "roots are told",
                [
                    "roots": "\(roots.certificates.count)", "signer": "\(bundle.signer)",
                    "revoked": "\(roots.revocations.count)",
                ])
        }
        heard = bundle
        node.trust(roots, signer: bundle.signer) { [weak self] in
            self?.inForce = bundle.version
            self?.lookAround()
        }
    }

    /// What rests on which root, again and again while there is more than one.
    private func lookAround() {
        if let survey { reactor.cancel(survey) }
        survey = nil
        node.survey { [weak self] states in
            guard let self else { return }
            self.report(states.reduce(into: self.node.certificates.roots) { $0.formUnion($1.roots) })
            guard self.heard?.roots.count ?? 0 > 1, self.survey == nil else { return }
            self.survey = self.reactor.after(milliseconds: Self.surveyMilliseconds) { [weak self] in
                self?.survey = nil
                self?.lookAround()
            }
        }
    }

    private func report() { report(said?.restsOn ?? node.certificates.roots) }

    private func report(_ restsOn: Set<Fingerprint>) {
        let report = TrustReport(version: inForce, restsOn: restsOn, rejection: rejection)
        guard report != said, let call else { return }
        said = report
        call.send(report.encoded())
    }
}

@available(*, unavailable)
extension TrustClient: Sendable {}
