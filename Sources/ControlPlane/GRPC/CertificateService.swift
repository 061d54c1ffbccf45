import Controller
import Discovery
import Foundation
import GRPCCore
import Mesh
import Reactor

/// The certificate authority's service (`IstioCertificateService`).
struct CertificateService: RegistrableRPCService {
    let authority: CertificateAuthority
    let distribution: Distribution
    let credentials: Credentials
    let trustDomain: String
    let metrics: ControllerMetrics
    let log: Log

    private static let method = MethodDescriptor(
        fullyQualifiedService: "istio.v1.auth.IstioCertificateService", method: "CreateCertificate")

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.method,
            deserializer: RawMessageReader { (bytes) throws(DiscoveryFault) in try CertificateRequest(decoding: bytes)
            },
            serializer: RawMessageWriter<CertificateResponse> { $0.encoded() }
        ) { stream, context in
            let request = try await ServerRequest(stream: stream)
            let response = try await response(to: request.message, request.metadata, context.remotePeer)
            return StreamingServerResponse(single: ServerResponse(message: response))
        }
    }

    /// Every refusal looks the same from outside.
    private func response(
        to request: CertificateRequest, _ metadata: Metadata, _ peer: String
    ) async throws -> CertificateResponse {
        let caller: Caller
        do {
            caller = try await credentials.caller(metadata)
        } catch {
            log.warn("ca", "refused", ["peer": peer, "reason": error.rawValue])
            throw Credentials.refused
        }
        do {
            let chain = try await issue(request, to: caller)
            metrics.countIssued()
            return CertificateResponse(certificateChain: chain)
        } catch {
            metrics.count(error)
            log.warn(
                "ca", "refused",
                [
                    "peer": peer, "account": caller.account, "identity": request.impersonatedIdentity ?? "",
                    "reason": error.rawValue,
                ])
            throw error == .authority ? RPCError(code: .unavailable, message: "cannot sign") : Credentials.refused
        }
    }

    private func issue(
        _ request: CertificateRequest, to caller: Caller
    ) async throws(IssuanceRefusal) -> [String] {
        let identity = try identity(request, caller)
        try await distribution.checkIssuance(of: identity, to: caller)
        let signing = try SigningRequest(pem: request.csr)
        let (chain, end) = try authority.issue(
            signing, to: identity, holder: caller.holder, seconds: request.validitySeconds)
        await distribution.issued(
            to: caller, end: .init(secondsSinceEpoch: Int(end.timeIntervalSince1970.rounded(.up))))
        return chain
    }

    private func identity(
        _ request: CertificateRequest, _ caller: Caller
    ) throws(IssuanceRefusal) -> SPIFFEIdentity {
        guard let wanted = request.impersonatedIdentity else {
            return SPIFFEIdentity(
                trustDomain: trustDomain, namespace: caller.namespace, serviceAccount: caller.serviceAccount)
        }
        guard let identity = SPIFFEIdentity(wanted) else { throw .malformedIdentity }
        return identity
    }
}
