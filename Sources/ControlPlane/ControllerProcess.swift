import Controller
import Glibc
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Hummingbird
package import Reactor

/// The whole of the controller: what its settings say, put together and run.
package struct ControllerProcess: Sendable {
    package struct StartError: Error, CustomStringConvertible {
        package let description: String
    }

    private let settings: ControllerSettings
    private let log: Log
    private let metrics = ControllerMetrics()
    private let distribution: Distribution
    private let source: any WorldSource
    private let sink: (any WorldSink)?
    private let authority: CertificateAuthority
    private let trust: TrustWatchers
    private let tokens: any TokenAuthenticator

    private static let sweepInterval = Duration.seconds(5)
    private static let keysLimitBytes = 1 << 20

    package init(_ settings: ControllerSettings, logFormat: LogLine.Format) throws {
        // What it makes, keys and sockets among it, is its own.
        umask(0o077)
        self.settings = settings
        log = Log(try LogSink(format: logFormat), format: logFormat)
        tokens = SignedTokens(
            keys: try Self.keys(settings.tokenKeysPath), audience: settings.tokenAudience, issuer: settings.tokenIssuer)
        authority = try CertificateAuthority(
            AuthorityFiles(directory: settings.authorityDirectory), settings.authority, log)
        trust = TrustWatchers(authority)
        distribution = Distribution(settings, metrics, log)
        source = DirectorySource(directories: settings.sources, log)
        sink = settings.outputDirectory.map { DirectorySink($0) }
    }

    private static func keys(_ path: String) throws -> VerificationKeys {
        do {
            let bytes = try WholeFile.contents(of: path, limitBytes: keysLimitBytes)
            return try VerificationKeys(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw StartError(description: "\(path): \(error)")
        }
    }

    /// Runs until something that it cannot do without fails.
    package func run() async throws {
        let security = try DiscoveryServer.security(ServerCertificate(authority, log))
        log.info("controller", "started", ["xds": "\(settings.secureHost):\(settings.securePort)"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await source.run { await distribution.take($0) } }
            group.addTask { await sweep() }
            if let sink { group.addTask { await SinkFeed(distribution: distribution, sink: sink, log: log).run() } }
            group.addTask { await trust.run() }
            group.addTask {
                try await DiscoveryServer.serve(
                    host: settings.secureHost, port: settings.securePort, security, services)
            }
            for face in faces { group.addTask { try await face() } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private var services: [any RegistrableRPCService] {
        let credentials = Credentials(tokens: tokens, metrics: metrics)
        return [
            DiscoveryService(distribution: distribution, credentials: credentials, log: log),
            CertificateService(
                authority: authority, distribution: distribution, credentials: credentials,
                trustDomain: settings.mesh.trustDomain, metrics: metrics, log: log),
            TrustService(
                authority: authority, watchers: trust, nodeProxyAccounts: settings.nodeProxyAccounts,
                credentials: credentials, log: log),
        ]
    }

    private var faces: [@Sendable () async throws -> Void] {
        var faces: [@Sendable () async throws -> Void] = []
        if settings.plaintextPort != 0 {
            faces.append {
                try await DiscoveryServer.serve(
                    host: "127.0.0.1", port: settings.plaintextPort, .plaintext, services)
            }
        }
        let interface = Interface.routes(distribution, source, authority)
        if settings.interfacePort != 0 {
            faces.append {
                try await HTTPFace.serve(interface, on: .hostname("127.0.0.1", port: settings.interfacePort))
            }
        }
        if let path = settings.interfaceSocket {
            faces.append { try await HTTPFace.serve(interface, on: .unixDomainSocket(path: path)) }
        }
        let readiness = HTTPFace.readiness(distribution)
        let metricsPage = HTTPFace.metrics(metrics)
        for (routes, port) in [(readiness, settings.readinessPort), (metricsPage, settings.metricsPort)]
        where port != 0 {
            faces.append { try await HTTPFace.serve(routes, on: .hostname("0.0.0.0", port: port)) }
        }
        return faces
    }

    private func sweep() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.sweepInterval)
            await distribution.sweep()
        }
    }
}
