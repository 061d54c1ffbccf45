import Discovery
import HBONE
import Reactor
import Testing

@testable import ZTunnel

private func configuration(
    _ environment: [String: String], cores: Int = 8, files: Set<String> = []
) throws(ConfigurationError) -> Configuration {
    let base = ["LOCAL_XDS_PATH": "/etc/mesh.yaml", "SLIPSTREAM_CA_DIR": "/etc/ca"]
    return try Configuration(
        environment: base.merging(environment) { $1 }, cores: cores, fileExists: { files.contains($0) })
}

struct ConfigurationTests {
    @Test func `what is not said has its default`() throws {
        let configuration = try configuration(["CA_ADDRESS": "", "XDS_ADDRESS": ""])
        #expect(configuration.trustDomain == "cluster.local" && configuration.clusterID == "Kubernetes")
        #expect(configuration.nodeAgentSocketPath == "/var/run/ztunnel/ztunnel.sock")
        #expect(configuration.mark == 1337 && configuration.isIPv6Enabled)
        #expect(configuration.sourceAddress == .client)
        #expect(configuration.keepAlive?.idleSeconds == 180 && configuration.keepAlive?.probes == 9)
        #expect(configuration.pool == .init(streamsPerTunnel: 100, idleMilliseconds: 300_000))
        #expect(configuration.http2.streamWindowBytes == 4 << 20)
        #expect(configuration.terminationDeadlineMilliseconds == 5000)
        #expect(configuration.certificateLifetimeSeconds == 86_400)
        #expect(configuration.logFormat == .plain && configuration.logLevels == LogLevels())
    }

    @Test func `what is said is taken`() throws {
        let configuration = try configuration([
            "NODE_NAME": "node-1", "TRUST_DOMAIN": "example.org", "LOG_FORMAT": "json", "RUST_LOG": "debug,access=off",
            "INPOD_UDS": "/run/z.sock", "KEEPALIVE_TIME": "1m30s", "ENABLE_ORIG_SRC": "true", "SECRET_TTL": "1h",
            "HTTP2_STREAM_WINDOW_SIZE": "1048576", "TERMINATION_GRACE_PERIOD_SECONDS": "30",
        ])
        #expect(configuration.nodeName == "node-1" && configuration.trustDomain == "example.org")
        #expect(configuration.logFormat == .json)
        #expect(configuration.logLevels.level == .debug && !configuration.logLevels.isAccessLogged)
        #expect(configuration.nodeAgentSocketPath == "/run/z.sock" && configuration.sourceAddress == .client)
        #expect(configuration.keepAlive?.idleSeconds == 90 && configuration.certificateLifetimeSeconds == 3600)
        #expect(configuration.http2.streamWindowBytes == 1 << 20)
        #expect(configuration.terminationDeadlineMilliseconds == 25_000)
        #expect(try ZTunnelTests.configuration(["INPOD_UDS": ""]).nodeAgentSocketPath == nil)
        #expect(try ZTunnelTests.configuration(["KEEPALIVE_ENABLED": "false"]).keepAlive == nil)
    }

    @Test(arguments: [
        ("TRUST_DOMAIN", "Example.org"), ("TRUST_DOMAIN", "a/b"), ("PACKET_MARK", "0"), ("PACKET_MARK", "0x539"),
        ("PACKET_MARK", "4294967296"), ("IPV6_ENABLED", "maybe"), ("KEEPALIVE_TIME", "180"), ("KEEPALIVE_TIME", "1x"),
        ("KEEPALIVE_TIME", "-1s"), ("KEEPALIVE_TIME", "99999999999999999999s"), ("KEEPALIVE_TIME", "10h"),
        ("KEEPALIVE_RETRIES", "128"), ("HTTP2_FRAME_SIZE", "1"), ("HTTP2_STREAM_WINDOW_SIZE", "2147483648"),
        ("POOL_MAX_STREAMS_PER_CONNECTION", "0"), ("LOG_FORMAT", "xml"), ("RUST_LOG", "loud"),
        ("PROXY_MODE", "both"),
        ("ZTUNNEL_WORKER_THREADS", "many"), ("ZTUNNEL_WORKER_THREADS", "101%"), ("ZTUNNEL_WORKER_THREADS", "0%"),
        ("ZTUNNEL_WORKER_THREADS", "-1"), ("ZTUNNEL_CPU_LIMIT", "two"), ("ZTUNNEL_CPU_LIMIT", "1.5m"),
        ("SECRET_TTL", "1s"), ("XDS_ADDRESS", "https://istiod:15012"),
    ])
    func `a malformed value is an error that names its variable`(name: String, value: String) {
        let failure = #expect(throws: ConfigurationError.self) { try configuration([name: value]) }
        #expect(failure?.variable == name && failure?.value == value)
        #expect(failure?.description.hasPrefix(value.isEmpty ? "\(name) " : "\(name)=\(value) ") == true)
    }

    @Test func `who names neither a control plane nor a file is told what is missing`() {
        let noMesh = #expect(throws: ConfigurationError.self) { try configuration(["LOCAL_XDS_PATH": ""]) }
        #expect(noMesh?.variable == "XDS_ADDRESS" && noMesh?.problem.contains("LOCAL_XDS_PATH") == true)
        let noAuthority = #expect(throws: ConfigurationError.self) { try configuration(["SLIPSTREAM_CA_DIR": ""]) }
        #expect(noAuthority?.variable == "CA_ADDRESS" && noAuthority?.problem.contains("SLIPSTREAM_CA_DIR") == true)
    }

    private static let istio = [
        "LOCAL_XDS_PATH": "", "SLIPSTREAM_CA_DIR": "", "XDS_ADDRESS": "istiod.istio-system.svc:15012",
        "CA_ADDRESS": "https://istiod.istio-system.svc:15012", "ISTIO_META_CLUSTER_ID": "one",
        "POD_NAME": "ztunnel-x", "POD_NAMESPACE": "istio-system", "NODE_NAME": "node-1", "INSTANCE_IP": "10.0.0.9",
        "XDS_HEADER_X_Team": "mesh", "ALT_CA_HOSTNAME": "other",
    ]

    @Test func `with the environment of a cluster's node proxy it knows its control plane`() throws {
        let configuration = try configuration(Self.istio)
        guard case .controlPlane(let discovery) = configuration.mesh,
            case .controlPlane(let certificates) = configuration.authority
        else {
            Issue.record("\(configuration.mesh), \(configuration.authority)")
            return
        }
        #expect(discovery.address == "https://istiod.istio-system.svc:15012" && discovery.serverName == nil)
        #expect(discovery.roots == .file("./var/run/secrets/istio/root-cert.pem"))
        #expect(discovery.tokenPath == "./var/run/secrets/tokens/istio-token" && discovery.clusterID == "one")
        #expect(discovery.headers == ["x_team": "mesh"] && certificates.headers.isEmpty)
        #expect(certificates.serverName == "other")
        #expect(configuration.node.id == "ztunnel~10.0.0.9~ztunnel-x.istio-system~istio-system.svc.cluster.local")
        #expect(configuration.node.metadata["CLUSTER_ID"] == .string("one"))
        #expect(configuration.node.metadata["SLIPSTREAM_VERSION"] != nil)
        #expect(configuration.node.metadata["SLIPSTREAM_PROCESS"] != nil)
    }

    @Test func `what the environment gives as JSON is told as such, and what is none is refused`() throws {
        let told = try configuration(
            Self.istio.merging(["ISTIO_METAJSON_LABELS": #"{"app": "ztunnel", "n": [1, true, null]}"#]) { $1 })
        #expect(
            told.node.metadata["LABELS"]
                == .fields(["app": .string("ztunnel"), "n": .list([.number(1), .flag(true), .null])]))
        for text in ["{", "nonsense", String(repeating: "[", count: 10_000)] {
            let failure = #expect(throws: ConfigurationError.self) {
                try configuration(Self.istio.merging(["ISTIO_METAJSON_LABELS": text]) { $1 })
            }
            #expect(failure?.variable == "ISTIO_METAJSON_LABELS")
        }
    }

    @Test func `settings of a mesh's configuration count where the environment says nothing`() throws {
        let settings = """
            discoveryAddress: istiod.istio-system.svc:15012
            concurrency: 3
            statusPort: 15020
            proxyMetadata:
              POD_NAME: ztunnel-y
              ISTIO_META_CLUSTER_ID: two
            """
        let environment = ["LOCAL_XDS_PATH": "", "SLIPSTREAM_CA_DIR": "", "PROXY_CONFIG": settings, "POD_NAME": "x"]
        let told = try configuration(environment)
        guard case .controlPlane(let discovery) = told.mesh else {
            Issue.record("\(told.mesh)")
            return
        }
        #expect(discovery.address == "https://istiod.istio-system.svc:15012")
        #expect(told.workerThreads == 3 && told.clusterID == "two")
        #expect(told.node.metadata["NAME"] == .string("x"))
    }

    @Test(arguments: ["- a", "concurrency: many", "discoveryAddress: [a]", "statsPort: 9090", "a: b\n---\na: b", "{"])
    func `settings that are not understood are named`(text: String) throws {
        let failure = #expect(throws: ConfigurationError.self) {
            try configuration(Self.istio.merging(["PROXY_CONFIG": text]) { $1 })
        }
        #expect(failure?.variable == "PROXY_CONFIG")
    }

    @Test func `in a cluster the control plane need not be named, and an empty name means none`() throws {
        let environment = ["LOCAL_XDS_PATH": "", "SLIPSTREAM_CA_DIR": "", "KUBERNETES_SERVICE_HOST": "10.96.0.1"]
        #expect(throws: Never.self) { try configuration(environment) }
        #expect(throws: ConfigurationError.self) {
            try configuration(environment.merging(["XDS_ADDRESS": ""]) { $1 })
        }
    }

    @Test(arguments: ["http://istiod:15010", "https://istiod", "ftp://istiod:1", "istiod:0"])
    func `a control plane's address is whole, and without TLS only on loopback`(address: String) throws {
        let failure = #expect(throws: ConfigurationError.self) {
            try configuration(Self.istio.merging(["XDS_ADDRESS": address]) { $1 })
        }
        #expect(failure?.variable == "XDS_ADDRESS" && failure?.value == address)
        #expect(throws: Never.self) {
            try configuration(Self.istio.merging(["XDS_ADDRESS": "http://127.0.0.1:15010"]) { $1 })
        }
    }

    @Test func `a dedicated proxy serves the workload that is named, and asks no agent`() throws {
        let configuration = try configuration([
            "PROXY_MODE": "dedicated", "PROXY_WORKLOAD_INFO": "shop/till-1/till", "INPOD_UDS": "/run/z.sock",
        ])
        let workload = try #require(configuration.dedicatedWorkload)
        #expect(workload.namespace == "shop" && workload.name == "till-1" && workload.serviceAccount == "till")
        #expect(configuration.nodeAgentSocketPath == nil)
        for environment in [[:], ["PROXY_MODE": "shared", "PROXY_WORKLOAD_INFO": "shop/till-1/till"]] {
            #expect(try ZTunnelTests.configuration(environment).dedicatedWorkload == nil)
        }
    }

    @Test(arguments: [
        "", "till", "shop/till", "shop/till-1/till/x", "shop//till", "/till-1/till", "shop/till-1/", "a b/c/d",
    ])
    func `a dedicated proxy's workload must have three names`(text: String) {
        let failure = #expect(throws: ConfigurationError.self) {
            try configuration(["PROXY_MODE": "dedicated", "PROXY_WORKLOAD_INFO": text])
        }
        #expect(failure?.variable == "PROXY_WORKLOAD_INFO")
    }

    @Test func `a CA of one's own is refused beside a real one`() {
        #expect(throws: ConfigurationError.self) { try configuration(["CA_ADDRESS": "https://istiod:15012"]) }
        for token in ["./var/run/secrets/tokens/istio-token", "/var/run/secrets/kubernetes.io/serviceaccount/token"] {
            let failure = #expect(throws: ConfigurationError.self) { try configuration([:], files: [token]) }
            #expect(failure?.problem.contains(token) == true)
        }
        #expect(throws: ConfigurationError.self) { try configuration(["AUTH_TOKEN": "/token"], files: ["/token"]) }
    }

    @Test(
        arguments: [
            ([:], 8, 2), ([:], 32, 8), ([:], 1, 2), (["ZTUNNEL_WORKER_THREADS": "3"], 8, 3),
            (["ZTUNNEL_WORKER_THREADS": "0"], 8, 8), (["ZTUNNEL_WORKER_THREADS": "50%"], 7, 4),
            (["ZTUNNEL_WORKER_THREADS": "1%"], 8, 1), (["ZTUNNEL_CPU_LIMIT": "1500m"], 8, 2),
            (["ZTUNNEL_CPU_LIMIT": "0.5"], 8, 1), (["ZTUNNEL_RESOURCE_CPU_LIMIT": "4"], 8, 4),
            (["ZTUNNEL_RESOURCE_CPU_LIMIT": "1", "ZTUNNEL_RESOURCE_CPU_REQUEST": "2500m"], 8, 3),
            (["ZTUNNEL_RESOURCE_CPU_REQUEST": "5"], 8, 5), (["ZTUNNEL_RESOURCE_CPU_REQUEST": "200m"], 32, 8),
            (["ZTUNNEL_CPU_LIMIT": "0"], 8, 2),
        ] as [([String: String], Int, Int)])
    func `worker threads follow what the container may use`(environment: [String: String], cores: Int, count: Int)
        throws
    {
        #expect(try configuration(environment, cores: cores).workerThreads == count)
    }
}
