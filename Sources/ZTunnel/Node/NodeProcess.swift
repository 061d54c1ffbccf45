import CLinux
import Glibc
import HBONE
import Mesh
package import Reactor

/// The whole of ztunnel: what its environment says, put together and run on the calling thread.
package final class NodeProcess: EventHandler {
    private let reactor: Reactor
    private let configuration: Configuration
    private let log: Log
    private let node: NodeProxy
    private let signals: SignalSource
    /// Of what the control thread says in TLS.
    private let scratch = TLSScratch()
    private var source: StaticSource?
    private var discovery: DiscoveryClient?
    private var certificates: CertificateClient?
    private var trust: TrustClient?
    private var revocations: RevocationFile?
    private var pods: (any PodSource)?
    private var admin: AdminInterface?
    private var isStopping = false
    private var hasSettled = false
    private var failure: StartFailure?

    /// - Parameter adjust: what another kind of proxy does differently.
    package init(
        _ configuration: Configuration, adjust: (inout WorkerSettings) -> Void = { _ in }
    ) throws(StartFailure) {
        self.configuration = configuration
        do {
            // Before any thread is started: each inherits what is blocked.
            signals = try SignalSource([SIGTERM, SIGINT])
            reactor = Reactor(kernel: try LinuxKernel())
            log = Log(
                try LogSink(format: configuration.logFormat), format: configuration.logFormat,
                level: configuration.logLevels.level)
            var settings = WorkerSettings(configuration)
            adjust(&settings)
            let certificateSource: any CertificateSource
            switch configuration.authority {
            case .directory(let directory):
                certificateSource = LocalCertificateSource(try LocalAuthority(directory: directory))
            case .controlPlane(let access):
                let client = try CertificateClient(access, on: reactor, scratch)
                certificates = client
                certificateSource = client
            }
            node = try NodeProxy(
                on: reactor, workers: configuration.workerThreads, settings, certificateSource, log)
            if case .controlPlane(let access) = configuration.authority {
                trust = try TrustClient(access, node, on: reactor, scratch, log)
            }
        } catch {
            throw StartFailure(description: "\(error)")
        }
        revocations = configuration.revocationsPath.map { [node] path in
            RevocationFile(path: path, on: reactor, log) { node.certificates.revoke($0) }
        }
        let dedicated = configuration.dedicatedWorkload.map { [clusterID = configuration.clusterID] workload in
            DedicatedWorkload(workload, clusterID: clusterID, servant: node, log) { [weak self] in self?.fail($0) }
        }
        let settle = Settling()
        let configure = { [node] (snapshot: Snapshot, inForce: @escaping () -> Void) in
            node.configure(snapshot, inForce: inForce)
            dedicated?.configured(snapshot)
            settle.run()
        }
        switch configuration.mesh {
        case .file(let path): source = StaticSource(path: path, on: reactor, log) { configure($0) {} }
        case .controlPlane(let access):
            do throws(Errno) {
                discovery = try DiscoveryClient(
                    access, as: configuration.node, on: reactor, scratch, log, configure: configure)
            } catch {
                throw StartFailure(description: "\(error)")
            }
        }
        pods =
            dedicated
            ?? configuration.nodeAgentSocketPath.map {
                ZDSClient(path: $0, on: reactor, servant: node, log) { settle.run() }
            }
        settle.process = self
    }

    /// For those who are made before the process is whole.
    private final class Settling {
        weak var process: NodeProcess?
        func run() { process?.settle() }
    }

    /// Everything is there for the first time: what was needed to start is not needed any more.
    private func settle() {
        guard !hasSettled, node.snapshot != nil, pods?.isReady != false else { return }
        hasSettled = true
        ProcessMemory.forgetStart()
    }

    /// Runs until a signal says to stop, and every connection is over or its time.
    package func run() throws(StartFailure) {
        try openDoors()
        do throws(Errno) {
            _ = try reactor.watch(signals.raw, for: self)
            log.info("proxy", "started", ["node": configuration.nodeName, "workers": "\(configuration.workerThreads)"])
            source?.start()
            discovery?.start()
            trust?.start()
            revocations?.start()
            pods?.start()
            try reactor.run()
        } catch {
            throw StartFailure(description: "\(error)")
        }
        log.sink.close()
        if let failure { throw failure }
    }

    private func fail(_ reason: String) {
        failure = StartFailure(description: reason)
        reactor.stop()
    }

    private func openDoors() throws(StartFailure) {
        let sources = AdminInterface.Sources(
            configuration: configuration, node: node, pods: pods, discovery: discovery,
            certificates: certificates, log: log
        ) {
            [weak self] in self?.stop(because: "/quitquitquit")
        }
        do throws(ListenFailure) {
            admin = try AdminInterface(sources, on: reactor)
        } catch {
            throw StartFailure(description: "\(error)")
        }
    }

    package func ready(_ readiness: Readiness) {
        while let signal = signals.next() { stop(because: signal == SIGTERM ? "SIGTERM" : "SIGINT") }
    }

    /// Takes nothing new and lets what is open end; asked twice, ends at once.
    private func stop(because reason: String) {
        guard !isStopping else { return reactor.stop() }
        isStopping = true
        log.info("proxy", "draining", ["reason": reason])
        node.drain(deadlineMilliseconds: configuration.terminationDeadlineMilliseconds) { [reactor, log] in
            log.info("proxy", "stopped")
            reactor.stop()
        }
    }
}

/// Why the proxy cannot run, for whoever started it.
package struct StartFailure: Error, CustomStringConvertible {
    package let description: String
}

extension WorkerSettings {
    init(_ configuration: Configuration) {
        self.init(workers: configuration.workerThreads)
        mark = configuration.mark
        network = configuration.network
        clusterID = configuration.clusterID
        trustDomain = configuration.trustDomain
        isIPv6Enabled = configuration.isIPv6Enabled
        keepAlive = configuration.keepAlive
        http2 = configuration.http2
        pool.streamsPerTunnel = configuration.pool.streamsPerTunnel
        pool.idleMilliseconds = configuration.pool.idleMilliseconds
        sourceAddress = configuration.sourceAddress
        isResponseBaggageSent = configuration.isResponseBaggageSent
        isAccessLogged = configuration.logLevels.isAccessLogged
        certificateLifetimeSeconds = configuration.certificateLifetimeSeconds
    }
}
