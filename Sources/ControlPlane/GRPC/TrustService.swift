import Discovery
import GRPCCore
import Reactor
import Synchronization

/// Tells proxies which roots to trust, whenever it changes, and hears what of it is in force. Ours alone.
struct TrustService: RegistrableRPCService {
    let authority: CertificateAuthority
    let watchers: TrustWatchers
    let nodeProxyAccounts: Set<String>
    let credentials: Credentials
    let log: Log

    private static let method = MethodDescriptor(
        fullyQualifiedService: "slipstream.authority.v1.TrustService", method: "Watch")

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.method,
            deserializer: RawMessageReader { (bytes) throws(DiscoveryFault) in try TrustReport(decoding: bytes) },
            serializer: RawMessageWriter<TrustBundle> { $0.encoded() }
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
            log.warn("ca", "refused", ["peer": peer, "reason": error.rawValue])
            throw Credentials.refused
        }
    }

    /// Until the proxy ends the stream or goes away.
    private func converse(
        _ reports: RPCAsyncSequence<TrustReport, any Error>, _ writer: RPCWriter<TrustBundle>, _ caller: Caller
    ) async throws {
        // Only a node's proxy may hold up a rotation for longer than certificates live.
        let isNodeProxy = nodeProxyAccounts.contains(caller.account)
        let (id, ticks) = watchers.open()
        if isNodeProxy { authority.opened(caller.holder) }
        defer {
            watchers.close(id)
            if isNodeProxy { authority.closed(caller.holder) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await read(reports, caller) }
            group.addTask { try await write(to: writer, ticks) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func read(_ reports: RPCAsyncSequence<TrustReport, any Error>, _ caller: Caller) async throws {
        for try await report in reports {
            authority.reported(report, by: caller.holder)
            if let rejection = report.rejection {
                log.warn("ca", "roots rejected", ["proxy": caller.holder, "reason": rejection])
            }
        }
    }

    private func write(to writer: RPCWriter<TrustBundle>, _ ticks: AsyncStream<Void>) async throws {
        var told: String?
        for await _ in ticks {
            let bundle = authority.bundle
            guard bundle.version != told else { continue }
            told = bundle.version
            try await writer.write(bundle)
        }
    }
}

/// The streams of those who wait for news of roots.
final class TrustWatchers: Sendable {
    private struct State {
        var ticks: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var count: UInt64 = 0
    }

    private let authority: CertificateAuthority
    private let state = Mutex(State())
    private static let interval = Duration.seconds(1)

    init(_ authority: CertificateAuthority) { self.authority = authority }

    /// Ticks at once, and whenever there may be news.
    func open() -> (UInt64, AsyncStream<Void>) {
        let (ticks, tick) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        tick.yield()
        return state.withLock { state in
            state.count += 1
            state.ticks[state.count] = tick
            return (state.count, ticks)
        }
    }

    func close(_ id: UInt64) { state.withLock { $0.ticks[id] = nil } }

    /// Looks after the authority, until its task is cancelled.
    func run() async {
        var told = ""
        while !Task.isCancelled {
            authority.look()
            // Another caller may have looked first.
            let version = authority.bundle.version
            if version != told {
                for tick in state.withLock({ Array($0.ticks.values) }) { tick.yield() }
            }
            told = version
            try? await Task.sleep(for: Self.interval)
        }
    }
}
