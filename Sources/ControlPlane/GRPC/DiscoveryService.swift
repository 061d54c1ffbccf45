import Discovery
import GRPCCore
import Reactor

/// Delta discovery (`DeltaAggregatedResources`) for proxies.
struct DiscoveryService: RegistrableRPCService {
    let distribution: Distribution
    let credentials: Credentials
    let log: Log

    private static let method = MethodDescriptor(
        fullyQualifiedService: "envoy.service.discovery.v3.AggregatedDiscoveryService",
        method: "DeltaAggregatedResources")

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.method,
            deserializer: RawMessageReader { (bytes) throws(DiscoveryFault) in try DeltaRequest(decoding: bytes) },
            serializer: RawMessageWriter<[UInt8]> { $0 }
        ) { request, context in
            let caller = try await caller(request.metadata, context.remotePeer)
            return StreamingServerResponse { writer in
                try await converse(request.messages, writer, caller)
                return [:]
            }
        }
    }

    private func caller(_ metadata: Metadata, _ peer: String) async throws -> Caller {
        do {
            return try await credentials.caller(metadata)
        } catch {
            log.warn("xds", "refused", ["peer": peer, "reason": error.rawValue])
            throw Credentials.refused
        }
    }

    /// Until the proxy ends the stream, is cut off, or goes away.
    private func converse(
        _ requests: RPCAsyncSequence<DeltaRequest, any Error>, _ writer: RPCWriter<[UInt8]>, _ caller: Caller
    ) async throws {
        let (id, ticks) = await distribution.open(caller)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await read(requests, id) }
                group.addTask { try await write(to: writer, ticks, id) }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch DiscoveryRefusal.aged {
            // An ending like any other.
            return await distribution.close(id)
        } catch let refusal as DiscoveryRefusal {
            log.warn("xds", "cut off", ["account": caller.account, "reason": "\(refusal)"])
            await distribution.close(id)
            throw refusal.status
        } catch {
            await distribution.close(id)
            throw error
        }
        await distribution.close(id)
    }

    private func read(_ requests: RPCAsyncSequence<DeltaRequest, any Error>, _ id: Distribution.SessionID) async throws
    {
        for try await request in requests { try await distribution.receive(request, id) }
    }

    private func write(
        to writer: RPCWriter<[UInt8]>, _ ticks: AsyncStream<Void>, _ id: Distribution.SessionID
    ) async throws {
        for await _ in ticks {
            for response in await distribution.responses(for: id) { try await writer.write(response) }
        }
        if let refusal = await distribution.refusal(id) { throw refusal }
    }
}

extension DiscoveryRefusal {
    fileprivate var status: RPCError {
        switch self {
        case .anonymous: RPCError(code: .invalidArgument, message: description)
        case .foreignClaim: RPCError(code: .permissionDenied, message: "not authorized")
        case .tooManyNames: RPCError(code: .resourceExhausted, message: description)
        case .silent, .aged: RPCError(code: .unavailable, message: description)
        }
    }
}
