import Mesh
package import Reactor

/// What this proxy tells about itself, and to whom: administration to its own host only, metrics and readiness to
/// anybody. Owned by the control thread.
package final class AdminInterface {
    /// What it asks of the rest of the proxy.
    package struct Sources {
        package var configuration: Configuration
        package var node: NodeProxy
        /// Nil when nobody tells of pods.
        package var pods: (any PodSource)?
        /// Nil when a file tells what the mesh is.
        package var discovery: DiscoveryClient?
        /// Nil when this proxy is its own authority.
        package var certificates: CertificateClient?
        package var log: Log
        /// Called when someone asks the proxy to end.
        package var stop: () -> Void

        package init(
            configuration: Configuration, node: NodeProxy, pods: (any PodSource)?, discovery: DiscoveryClient? = nil,
            certificates: CertificateClient? = nil, log: Log, stop: @escaping () -> Void
        ) {
            self.discovery = discovery
            self.certificates = certificates
            self.configuration = configuration
            self.node = node
            self.pods = pods
            self.log = log
            self.stop = stop
        }
    }

    /// Where each door is; port 0 lets the kernel choose, for tests.
    package struct Doors: Sendable {
        package var administration = MeshPort.admin
        package var metrics = MeshPort.metrics
        package var readiness = MeshPort.readiness

        package init() {}
    }

    private let sources: Sources
    private let reactor: Reactor
    private var logLevels: LogLevels
    private var failures = FailureMetrics()
    private var failureLines = TokenBucket(burst: 20, perSecond: 2)
    package private(set) var administration: AdminServer!
    package private(set) var metrics: AdminServer!
    package private(set) var readiness: AdminServer!

    package init(_ sources: Sources, on reactor: Reactor, doors: Doors = Doors()) throws(ListenFailure) {
        self.sources = sources
        logLevels = sources.configuration.logLevels
        self.reactor = reactor
        administration = try serve(at: doors.administration, on: { .loopback($0) }) { [unowned self] in
            self.administer($0, $1)
        }
        metrics = try serve(at: doors.metrics, on: { .unspecified($0) }) { [unowned self] in self.measure($0, $1) }
        readiness = try serve(at: doors.readiness, on: { .unspecified($0) }) { [unowned self] in
            self.tellReadiness($0, $1)
        }
    }

    package func close() {
        for server in [administration, metrics, readiness] { server?.close() }
    }

    /// A wildcard of IPv6 takes IPv4 as well; loopback needs both. A host without IPv6 makes do with IPv4.
    private func serve(
        at port: UInt16, on address: (IPAddress.Family) -> IPAddress,
        respond: @escaping (HTTPRequest, @escaping AdminServer.Answer) -> Void
    ) throws(ListenFailure) -> AdminServer {
        let (v4, v6) = (SocketAddress(address(.v4), port), SocketAddress(address(.v6), port))
        let both = v6.ip.isUnspecified ? [v6] : [v4, v6]
        do throws(Errno) {
            do throws(Errno) {
                let addresses = sources.configuration.isIPv6Enabled ? both : [v4]
                return try server(on: addresses, respond)
            } catch  where error == .noAddressFamily || error == .noSuchAddress {
                return try server(on: [v4], respond)
            }
        } catch {
            throw ListenFailure(port: port, error)
        }
    }

    private func server(
        on addresses: [SocketAddress], _ respond: @escaping (HTTPRequest, @escaping AdminServer.Answer) -> Void
    ) throws(Errno) -> AdminServer {
        try AdminServer(
            on: addresses, of: reactor, sources.log,
            refused: { [unowned self] peer, reason, sentence in
                self.refused(peer, at: addresses[0].port, reason, sentence)
            }, respond: respond)
    }

    /// Counts each, and tells of so many that a peer cannot fill a disk.
    private func refused(_ peer: SocketAddress?, at port: UInt16, _ reason: FailureReason, _ sentence: String) {
        failures.count(.admin, .downstream, reason)
        guard failureLines.take(nowNanoseconds: reactor.nowNanoseconds) else { return }
        sources.log.warn(
            "admin", "request refused",
            ["src.addr": peer.map { "\($0)" } ?? "unknown", "port": "\(port)", "error": sentence])
    }

    // MARK: Administration

    private static let index = """
        GET  /config_dump      workloads, services, policies, certificates, connections
        POST /logging          the log level; ?level=debug changes it, ?reset goes back to the start's
        POST /quitquitquit     drain and end

        """

    private func administer(_ request: HTTPRequest, _ answer: @escaping AdminServer.Answer) {
        // A page in somebody's browser on this host must not do anything here.
        guard !request.hasOrigin else { return answer(HTTPResponse(status: 403, "not for browsers\n")) }
        switch (request.path, request.method) {
        case ("/", .get), ("/", .head): answer(HTTPResponse(Self.index))
        case ("/config_dump", .get), ("/config_dump", .head): dump(answer)
        case ("/quitquitquit", .post):
            answer(HTTPResponse("shutting down\n"))
            sources.stop()
        case ("/logging", .post): answer(changeLogging(request))
        case ("/", _), ("/config_dump", _): answer(.methodNotAllowed("GET, HEAD"))
        case ("/logging", _), ("/quitquitquit", _): answer(.methodNotAllowed("POST"))
        default: answer(.notFound)
        }
    }

    /// Directives are those of RUST_LOG, and add to what is in force.
    private func changeLogging(_ request: HTTPRequest) -> HTTPResponse {
        var levels = request.hasParameter("reset") ? sources.configuration.logLevels : logLevels
        if request.hasParameter("level") {
            guard let text = request.parameter("level") else {
                return HTTPResponse(status: 400, "level cannot be decoded\n")
            }
            do throws(ConfigurationError) {
                try levels.change(text)
            } catch {
                return HTTPResponse(status: 400, "level=\(text) \(error.problem)\n")
            }
        }
        if levels != logLevels {
            logLevels = levels
            sources.log.threshold.set(levels.level)
            sources.node.logAccess(levels.isAccessLogged)
        }
        return HTTPResponse("current log level is \(levels)\n")
    }

    private func dump(_ answer: @escaping AdminServer.Answer) {
        let (node, configuration) = (sources.node, sources.configuration)
        node.survey { states in
            var dump = ConfigDump()
            dump.snapshot = node.snapshot
            dump.certificates = Array(node.certificates.held.values)
            dump.pods = node.servedPods
            dump.workers = states
            dump.nodeName = configuration.nodeName
            dump.version = configuration.version
            answer(HTTPResponse(contentType: "application/json", body: dump.json))
        }
    }

    // MARK: Metrics

    private func measure(_ request: HTTPRequest, _ answer: @escaping AdminServer.Answer) {
        guard request.path == "/metrics" || request.path == "/stats/prometheus" else { return answer(.notFound) }
        guard request.method != .post else { return answer(.methodNotAllowed("GET, HEAD")) }
        sources.node.survey { [weak self, sources] states in
            let traffic = states.reduce(into: TrafficMetrics()) { $0.add($1.metrics) }
            var failures = traffic.failures
            if let own = self?.failures { failures.add(own) }
            if let pods = sources.pods { failures.add(pods.failures) }
            if let discovery = sources.discovery { failures.add(discovery.failures) }
            var page = OpenMetricsText()
            page.write(traffic)
            page.write(failures)
            page.write(states.map(\.sockets).reduce(OpenSockets(), +))
            page.write(sources)
            if let discovery = sources.discovery { page.write(discovery) }
            if let certificates = sources.certificates { page.write(certificates) }
            page.write(ProcessUsage.now())
            page.end()
            answer(HTTPResponse(contentType: OpenMetricsText.contentType, body: page.bytes))
        }
    }

    // MARK: Readiness

    private func tellReadiness(_ request: HTTPRequest, _ answer: @escaping AdminServer.Answer) {
        guard request.path == "/healthz/ready" else { return answer(.notFound) }
        guard request.method != .post else { return answer(.methodNotAllowed("GET, HEAD")) }
        let pending = pendingTasks
        answer(
            pending.isEmpty
                ? HTTPResponse("ready\n")
                : HTTPResponse(status: 500, "not ready, pending: \(pending.joined(separator: ", "))\n"))
    }

    /// Under Istio's names: the configuration has not arrived; pods are not known or not served yet.
    private var pendingTasks: [String] {
        // Whoever asks is to look for another proxy from now on.
        if sources.node.isDraining { return ["draining"] }
        var tasks: [String] = []
        if sources.node.snapshot == nil { tasks.append("state manager") }
        if let pods = sources.pods, !pods.isReady {
            let reasons = pods.pendingReasons
            tasks.append(pods.readinessTask + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))"))
        }
        // Whoever serves one workload can do nothing without its certificate.
        if sources.configuration.dedicatedWorkload != nil, sources.node.certificates.held.isEmpty {
            tasks.append("certificate")
        }
        return tasks
    }
}

@available(*, unavailable)
extension AdminInterface: Sendable {}

extension OpenMetricsText {
    /// What there is to tell besides traffic.
    fileprivate mutating func write(_ sources: AdminInterface.Sources) {
        let pods = sources.pods?.podCount ?? (sources.node.servedPods.count, 0)
        single(
            "workload_manager_active_proxy_count", .gauge, help: "Pods that are served", UInt64(pods.served))
        single(
            "workload_manager_pending_proxy_count", .gauge, help: "Pods that are not served yet", UInt64(pods.pending))
        single(
            "workload_manager_proxies_started", .counter, help: "Pods that came to be served", sources.node.startedCount
        )
        single(
            "workload_manager_proxies_stopped", .counter, help: "Pods that were let go", sources.node.stoppedCount)
        single(
            "slipstream_log_lines_dropped", .counter, help: "Log lines that nobody read in time",
            sources.log.sink.droppedCount)
        single(
            "istio_build", .gauge, help: "What runs here",
            labels: ["component": "ztunnel", "tag": sources.configuration.version], 1)
    }

    fileprivate mutating func write(_ discovery: DiscoveryClient) {
        let metrics = discovery.metrics
        single(
            "slipstream_xds_connected", .gauge, help: "Whether the control plane is there",
            discovery.isConnected ? 1 : 0)
        single("istio_xds_message", .counter, help: "Messages of the control plane", metrics.messages)
        single("istio_xds_message_bytes", .counter, help: "Bytes of those messages", metrics.bytes)
        single(
            "istio_xds_connection_terminations", .counter,
            help: "Connections to the control plane that ended or failed",
            metrics.terminations)
        single(
            "slipstream_xds_rejected_resources", .counter, help: "Resources that could not be used", metrics.rejections)
    }

    fileprivate mutating func write(_ certificates: CertificateClient) {
        single(
            "slipstream_certificates_issued", .counter, help: "Certificates that the authority made",
            certificates.issuedCount)
        single(
            "slipstream_certificate_failures", .counter, help: "Requests for a certificate that failed",
            certificates.failedCount)
    }

    fileprivate mutating func write(_ sockets: OpenSockets) {
        let name = "istio_tcp_sockets_open"
        family(name, .gauge, help: "Sockets that clients are connected to")
        for (reporter, count) in [("source", sockets.source), ("destination", sockets.destination)] {
            sample(name, .gauge, Self.labels([(key: "reporter", value: reporter)]), UInt64(count))
        }
    }

    /// Under the names that Prometheus' own clients use.
    fileprivate mutating func write(_ usage: ProcessUsage) {
        single("process_open_fds", .gauge, help: "Open descriptors", usage.openFiles)
        single("process_max_fds", .gauge, help: "Descriptors that may be open", usage.openFilesMax)
        single("process_virtual_memory_bytes", .gauge, help: "Address space", usage.virtualBytes)
        single("process_resident_memory_bytes", .gauge, help: "Memory in use", usage.residentBytes)
        single(
            "process_start_time_seconds", .gauge, help: "When this process began, in seconds since 1970",
            usage.startSeconds)
        seconds(
            "process_cpu_seconds", help: "Processor time, of programs and kernel",
            microseconds: usage.processorMicroseconds)
    }
}
