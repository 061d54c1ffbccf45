import Discovery
import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// Where proxies are served.
enum DiscoveryServer {
    /// Serves until the task is cancelled or the address cannot be had.
    static func serve(
        host: String, port: Int, _ security: HTTP2ServerTransport.Posix.TransportSecurity,
        _ services: [any RegistrableRPCService]
    ) async throws {
        let address: SocketAddress = host.contains(":") ? .ipv6(host: host, port: port) : .ipv4(host: host, port: port)
        let transport = HTTP2ServerTransport.Posix(
            address: address, transportSecurity: security,
            config: .defaults { config in
                config.rpc.maxRequestPayloadSize = DiscoveryLimits.requestBytes
                // Proxies' own pings come every 30 s; ours find those that are gone without a word.
                config.connection.keepalive = .init(
                    time: .seconds(30), timeout: .seconds(10),
                    clientBehavior: .init(minPingIntervalWithoutCalls: .seconds(10), allowWithoutCalls: true))
            })
        try await GRPCServer(transport: transport, services: services).serve()
    }

    /// TLS with this program's own certificate, as it is at each handshake; callers show who they are by tokens.
    static func security(
        _ certificate: ServerCertificate
    ) throws -> HTTP2ServerTransport.Posix.TransportSecurity {
        try .tls(certificateReloader: certificate)
    }
}
