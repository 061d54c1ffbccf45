import Discovery
import Glibc
package import HBONE
package import Mesh
package import Reactor

/// Asks the mesh's certificate authority. Keys are made here and never leave; one connection is kept while it is good. Owned by
/// the control thread.
package final class CertificateClient: CertificateSource, GRPCConnectionObserver {
    private static let method = "istio.v1.auth.IstioCertificateService/CreateCertificate"
    private static let deadlineMilliseconds: UInt64 = 10_000

    private struct Question {
        let identity: SPIFFEIdentity
        let lifetimeSeconds: Int64
        let answer: (Result<Credential, CertificateFailure>) -> Void
    }

    private let door: ControlPlaneDoor
    private var connection: GRPCConnection?
    private var isOpen = false
    private var waiting: [Question] = []
    package private(set) var issuedCount: UInt64 = 0
    package private(set) var failedCount: UInt64 = 0

    package init(_ access: ControlPlaneAccess, on reactor: Reactor, _ scratch: TLSScratch) throws(Errno) {
        door = try ControlPlaneDoor(access, on: reactor, scratch)
    }

    package func issue(
        to identity: SPIFFEIdentity, lifetimeSeconds: Int64,
        answer: @escaping (Result<Credential, CertificateFailure>) -> Void
    ) {
        waiting.append(Question(identity: identity, lifetimeSeconds: lifetimeSeconds, answer: answer))
        guard let connection, isOpen, !connection.isGoingAway else { return connect() }
        askAll(connection)
    }

    private func connect() {
        guard connection == nil || connection?.isGoingAway == true else { return }
        isOpen = false
        do throws(TLSFailure) {
            connection = try door.connect(self)
        } catch {
            refuseAll("\(error)")
        }
    }

    package func connectionOpened(_ connection: GRPCConnection) {
        guard connection === self.connection else { return }
        isOpen = true
        askAll(connection)
    }

    package func connectionClosed(_ connection: GRPCConnection, _ failure: GRPCFailure) {
        guard connection === self.connection else { return }
        self.connection = nil
        isOpen = false
        refuseAll("\(failure)")
    }

    private func refuseAll(_ reason: String) {
        let questions = waiting
        waiting = []
        for question in questions { answer(question, .failure(CertificateFailure(reason))) }
    }

    private func askAll(_ connection: GRPCConnection) {
        let questions = waiting
        waiting = []
        for question in questions { ask(question, on: connection) }
    }

    private func ask(_ question: Question, on connection: GRPCConnection) {
        let signing: SigningRequest
        do throws(TLSFailure) {
            signing = try SigningRequest(for: question.identity)
        } catch {
            return answer(question, .failure(CertificateFailure("\(error)")))
        }
        let request = CertificateRequest(
            csr: signing.pem, validitySeconds: question.lifetimeSeconds,
            impersonatedIdentity: question.identity.description)
        _ = GRPCUnaryCall(
            Self.method, request.encoded(), metadata: door.access.metadata, on: connection,
            answerLimitBytes: DiscoveryLimits.certificateBytes, deadlineMilliseconds: Self.deadlineMilliseconds
        ) { [weak self] result in
            self?.answer(question, Self.credential(result, signing))
        }
    }

    private static func credential(
        _ result: Result<[UInt8], GRPCStatus>, _ signing: SigningRequest
    ) -> Result<Credential, CertificateFailure> {
        do {
            let response = try CertificateResponse(decoding: try result.get())
            return .success(
                try signing.credential(certifiedBy: response.certificateChain, now: Int64(time(nil))))
        } catch {
            return .failure(CertificateFailure("\(error)"))
        }
    }

    private func answer(_ question: Question, _ result: Result<Credential, CertificateFailure>) {
        if case .success = result { issuedCount += 1 } else { failedCount += 1 }
        question.answer(result)
    }
}

@available(*, unavailable)
extension CertificateClient: Sendable {}
