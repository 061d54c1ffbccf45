package import Discovery
package import HBONE
import Mesh
package import Reactor

/// How this proxy runs, from its environment: the names are Istio's ztunnel's, and a few of our own.
package struct Configuration: Sendable {
    package var nodeName: String
    package var network: String
    package var clusterID: String
    package var clusterDomain: String
    package var trustDomain: String
    /// The version that metrics tell.
    package var version: String

    /// Where workloads, services and policies come from.
    package enum MeshSource: Hashable, Sendable {
        /// A file, re-read when it changes.
        case file(String)
        case controlPlane(ControlPlaneAccess)
    }
    package var mesh: MeshSource
    /// Who signs this node's certificates.
    package enum Authority: Hashable, Sendable {
        /// This proxy, with the CA of a directory.
        case directory(String)
        case controlPlane(ControlPlaneAccess)
    }
    package var authority: Authority
    /// As the control plane knows this proxy.
    package var node: DiscoveryNode
    package var certificateLifetimeSeconds: Int64
    /// A file that says which certificates are revoked; nil when there is none.
    package var revocationsPath: String?
    /// Where the node agent tells of the node's pods; nil when it is off.
    package var nodeAgentSocketPath: String?
    /// The one workload that this proxy serves, in its own network namespace and without a node agent; nil in shared mode.
    package var dedicatedWorkload: PodIdentity?

    package var workerThreads: Int
    package var mark: UInt32
    package var isIPv6Enabled: Bool
    package var sourceAddress: SourceAddress
    package var keepAlive: Socket.KeepAlive?
    package var http2: HTTP2Settings
    package var pool: Pool
    package var isResponseBaggageSent: Bool
    package var terminationDeadlineMilliseconds: UInt64

    package var logFormat: LogLine.Format
    package var logLevels: LogLevels

    /// Whether applications see the client's own address (`ENABLE_ORIG_SRC`).
    /// By default they do; where the kernel does not let us, the connection fails rather than show another's.
    package enum SourceAddress: Hashable, Sendable { case client, proxy }

    package struct Pool: Hashable, Sendable {
        package var streamsPerTunnel: Int
        package var idleMilliseconds: UInt64
    }

    /// What the control plane knows a proxy as.
    package enum ProxyKind: String, Hashable, Sendable { case ztunnel, waypoint }

    /// - Parameters:
    ///   - cores: those that the process may run on.
    ///   - fileExists: asked for the tokens that a cluster mounts.
    package init(
        _ kind: ProxyKind = .ztunnel, environment: [String: String], cores: Int, fileExists: (String) -> Bool
    ) throws(ConfigurationError) {
        let environment = try ProxyConfig.completed(environment)
        let given = EnvironmentReader(environment)
        nodeName = given.text("NODE_NAME") ?? ""
        network = given.text("NETWORK") ?? ""
        clusterID = given.text("CLUSTER_ID") ?? given.text("ISTIO_META_CLUSTER_ID") ?? "Kubernetes"
        clusterDomain = given.text("CLUSTER_DOMAIN") ?? "cluster.local"
        trustDomain = try given.trustDomain("TRUST_DOMAIN") ?? "cluster.local"
        version = given.text("ISTIO_META_ISTIO_VERSION") ?? "unknown"

        node = try DiscoveryNode(kind, environment: environment, nodeName: nodeName, clusterID: clusterID)
        let reader = ControlPlaneReader(given, environment, clusterID: clusterID)
        mesh = try Self.mesh(given, reader)
        authority = try Self.authority(given, reader, fileExists)
        certificateLifetimeSeconds = Int64(try given.milliseconds("SECRET_TTL", atLeast: 60_000) ?? 86_400_000) / 1000
        revocationsPath = given.text("CRL_PATH")
        dedicatedWorkload = try Self.dedicatedWorkload(given, kind)
        let socket = environment["INPOD_UDS"] ?? "/var/run/ztunnel/ztunnel.sock"
        nodeAgentSocketPath = socket.isEmpty || dedicatedWorkload != nil ? nil : socket

        workerThreads = try WorkerThreads(given).count(cores: cores)
        mark = UInt32(try given.number("PACKET_MARK", in: 1...UInt64(UInt32.max)) ?? 1337)
        isIPv6Enabled = try given.flag("IPV6_ENABLED") ?? true
        sourceAddress = try given.flag("ENABLE_ORIG_SRC").map { $0 ? .client : .proxy } ?? .client
        keepAlive = try Self.keepAlive(given)
        http2 = try Self.http2(given)
        pool = Pool(
            streamsPerTunnel: Int(try given.number("POOL_MAX_STREAMS_PER_CONNECTION", in: 1...65_535) ?? 100),
            idleMilliseconds: try given.milliseconds("POOL_UNUSED_RELEASE_TIMEOUT", atLeast: 1) ?? 300_000)
        isResponseBaggageSent = try given.flag("ENABLE_RESPONSE_BAGGAGE") ?? true
        terminationDeadlineMilliseconds = try Self.terminationDeadline(given)

        logFormat = try given.choice("LOG_FORMAT", LogLine.Format.self) ?? .plain
        logLevels = try LogLevels(given)
    }

    /// `PROXY_MODE`.
    private enum Mode: String { case shared, dedicated }

    /// A waypoint serves its own pod, which Kubernetes tells it of under these names.
    private static func dedicatedWorkload(
        _ given: EnvironmentReader, _ kind: ProxyKind
    ) throws(ConfigurationError) -> PodIdentity? {
        let mode = try given.choice("PROXY_MODE", Mode.self)
        guard kind == .waypoint || mode == .dedicated else { return nil }
        let own = ["POD_NAMESPACE", "POD_NAME", "SERVICE_ACCOUNT"].map { given.text($0) ?? "" }
        let text = given.text("PROXY_WORKLOAD_INFO") ?? (kind == .waypoint ? own.joined(separator: "/") : "")
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, !parts[1].isEmpty, SPIFFEIdentity("spiffe://any/ns/\(parts[0])/sa/\(parts[2])") != nil
        else {
            throw ConfigurationError(
                "PROXY_WORKLOAD_INFO", text,
                "must name the workload of this proxy, as namespace/name/service-account")
        }
        return PodIdentity(
            uid: "\(parts[0])/\(parts[1])", name: parts[1], namespace: parts[0], serviceAccount: parts[2])
    }

    private static func mesh(
        _ given: EnvironmentReader, _ reader: ControlPlaneReader
    ) throws(ConfigurationError) -> MeshSource {
        guard let path = given.text("LOCAL_XDS_PATH") else {
            if let access = try reader.access(.discovery) { return .controlPlane(access) }
            throw ConfigurationError(
                "XDS_ADDRESS", "",
                "must name the control plane, or LOCAL_XDS_PATH a file with workloads, services and policies")
        }
        if let address = given.text("XDS_ADDRESS") {
            throw ConfigurationError("XDS_ADDRESS", address, "is refused together with LOCAL_XDS_PATH")
        }
        return .file(path)
    }

    /// A CA of one's own beside a real one would sign for identities that the real one never gave out.
    private static func authority(
        _ given: EnvironmentReader, _ reader: ControlPlaneReader, _ fileExists: (String) -> Bool
    ) throws(ConfigurationError) -> Authority {
        guard let directory = given.text("SLIPSTREAM_CA_DIR") else {
            if let access = try reader.access(.certificates) { return .controlPlane(access) }
            throw ConfigurationError(
                "CA_ADDRESS", "", "must name the certificate authority, or SLIPSTREAM_CA_DIR a directory with one")
        }
        if given.text("CA_ADDRESS") != nil {
            throw ConfigurationError("SLIPSTREAM_CA_DIR", directory, "is refused together with CA_ADDRESS")
        }
        let tokens = [reader.tokenPath, "/var/run/secrets/kubernetes.io/serviceaccount/token"]
        if let token = tokens.first(where: fileExists) {
            throw ConfigurationError(
                "SLIPSTREAM_CA_DIR", directory, "is refused where a Kubernetes token is mounted (\(token))")
        }
        return .directory(directory)
    }

    private static func keepAlive(_ given: EnvironmentReader) throws(ConfigurationError) -> Socket.KeepAlive? {
        guard try given.flag("KEEPALIVE_ENABLED") ?? true else { return nil }
        var keepAlive = Socket.KeepAlive()
        // The kernel takes 1 to 32,767 seconds and 1 to 127 probes (tcp(7)).
        func seconds(_ name: String) throws(ConfigurationError) -> CInt? {
            try given.milliseconds(name, atLeast: 1000, atMost: 32_767_000).map { CInt($0 / 1000) }
        }
        keepAlive.idleSeconds = try seconds("KEEPALIVE_TIME") ?? keepAlive.idleSeconds
        keepAlive.intervalSeconds = try seconds("KEEPALIVE_INTERVAL") ?? keepAlive.intervalSeconds
        keepAlive.probes = try given.number("KEEPALIVE_RETRIES", in: 1...127).map { CInt($0) } ?? keepAlive.probes
        return keepAlive
    }

    private static func http2(_ given: EnvironmentReader) throws(ConfigurationError) -> HTTP2Settings {
        var settings = HTTP2Settings()
        // RFC 9113 §6.9.1 and §6.5.2.
        let windows: ClosedRange<UInt64> = 65_535...0x7fff_ffff
        if let bytes = try given.number("HTTP2_STREAM_WINDOW_SIZE", in: windows) {
            settings.streamWindowBytes = Int32(bytes)
        }
        if let bytes = try given.number("HTTP2_CONNECTION_WINDOW_SIZE", in: windows) {
            settings.connectionWindowBytes = Int32(bytes)
        }
        if let bytes = try given.number("HTTP2_FRAME_SIZE", in: 16_384...16_777_215) {
            settings.frameBytes = UInt32(bytes)
        }
        return settings
    }

    /// Named outright, or so that the pod's grace period is not used up.
    private static func terminationDeadline(_ given: EnvironmentReader) throws(ConfigurationError) -> UInt64 {
        if let milliseconds = try given.milliseconds("CONNECTION_TERMINATION_DEADLINE", atLeast: 0) {
            return milliseconds
        }
        guard let grace = try given.number("TERMINATION_GRACE_PERIOD_SECONDS", in: 0...86_400) else { return 5000 }
        return max(1, grace > 10 ? grace - 5 : grace > 0 ? grace - 1 : 0) * 1000
    }
}

/// A variable that cannot be understood, or contradicts another.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let variable: String
    package let value: String
    package let problem: String

    init(_ variable: String, _ value: String, _ problem: String) {
        self.variable = variable
        self.value = value
        self.problem = problem
    }

    package var description: String {
        value.isEmpty ? "\(variable) \(problem)" : "\(variable)=\(value) \(problem)"
    }
}
