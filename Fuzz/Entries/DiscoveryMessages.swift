import Discovery
import Mesh

/// What a control plane and a proxy send each other.
extension FuzzEntry {
    /// What each message reads of the same bytes; what was read is written so that it is read again as the same.
    private struct Messages: Equatable {
        let request: DeltaRequest?
        let response: DeltaResponse?
        let certificateRequest: CertificateRequest?
        let certificateResponse: CertificateResponse?
        let trustReport: TrustReport?
    }

    static let discoveryMessage = FuzzEntry(
        pure: "discovery-message", inputLimitBytes: 4096
    ) { bytes throws(FuzzFault) in
        let messages = read(bytes)
        if let request = messages.request, read(request.encoded()).request != request {
            throw FuzzFault("\(request) is not read as it was written")
        }
        if let response = messages.response, read(response.encoded()).response != response {
            throw FuzzFault("\(response) is not read as it was written")
        }
        if let request = messages.certificateRequest, read(request.encoded()).certificateRequest != request {
            throw FuzzFault("\(request) is not read as it was written")
        }
        if let report = messages.trustReport, read(report.encoded()).trustReport != report {
            throw FuzzFault("\(report) is not read as it was written")
        }
        return messages
    }

    private static func read(_ bytes: [UInt8]) -> Messages {
        Messages(
            request: try? DeltaRequest(decoding: bytes), response: try? DeltaResponse(decoding: bytes),
            certificateRequest: try? CertificateRequest(decoding: bytes),
            certificateResponse: try? CertificateResponse(decoding: bytes),
            trustReport: try? TrustReport(decoding: bytes))
    }

    /// The first byte chooses the type. What is read goes into a proxy's state, which must take anything.
    static let discoveryResource = FuzzEntry(
        pure: "discovery-resource", inputLimitBytes: 4096
    ) { bytes throws(FuzzFault) in
        let type = ResourceType.allCases[Int(bytes.first ?? 0) % ResourceType.allCases.count]
        let body = Array(bytes.dropFirst())
        var state = ConfigurationState()
        do {
            let resource = try MeshResource(type, decoding: body)
            let encoded = resource.encoded(as: type)
            guard try MeshResource(type, decoding: encoded) == resource else {
                throw FuzzFault("\(resource) is not read as it was written")
            }
            state.apply(.init(type.kind, resources: [resource]))
            state.apply(.init(type.kind, removed: [resource.name]))
        } catch let fault as FuzzFault {
            throw fault
        } catch {
            let wire = DiscoveryResource(name: "a/b", version: "", typeURL: type.rawValue, body: body)
            state.apply(.init(type.kind, rejected: [wire.rejection(as: type)]))
            return "\(error)"
        }
        return "read"
    }
}
