import Foundation
import Glibc
import HBONE
import Mesh
import Reactor
import Testing

@testable import ZTunnel

/// A client of a server that runs on the same reactor.
struct Visitor {
    let reactor: Reactor

    /// What comes back until the server ends the connection.
    func response(to request: String, from address: SocketAddress, pieces: Int = 1) throws -> String {
        let socket = try connect(address)
        let bytes = Array(request.utf8)
        let size = max(1, (bytes.count + pieces - 1) / pieces)
        for start in stride(from: 0, to: bytes.count, by: size) {
            _ = try Bytes.write(socket.raw, bytes[start..<min(start + size, bytes.count)])
            try turn()
        }
        return try rest(of: socket)
    }

    func get(_ path: String, from address: SocketAddress) throws -> String {
        try response(to: "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n", from: address)
    }

    func connect(_ address: SocketAddress) throws -> Descriptor {
        let socket = try Socket.connect(to: address, options: Socket.Options())
        try turn()
        return socket
    }

    func rest(of socket: borrowing Descriptor, limitTurns: Int = 2000) throws -> String {
        var received: [UInt8] = []
        for _ in 0..<limitTurns {
            switch try Bytes.read(socket.raw, limitBytes: 65_536) {
            case .bytes(let bytes): received += bytes
            case .ended: return String(decoding: received, as: UTF8.self)
            case .wouldBlock: try turn()
            }
        }
        Issue.record("the server does not end the connection")
        return ""
    }

    func turn() throws {
        _ = reactor.after(milliseconds: 1) {}
        try reactor.runOnce()
    }
}

func silentLog() throws -> Log {
    Log(try LogSink(descriptor: open("/dev/null", O_WRONLY | O_CLOEXEC), format: .plain), format: .plain)
}

struct AdminServerTests {
    private let reactor: Reactor
    private let visitor: Visitor
    private let server: AdminServer
    private let address: SocketAddress

    init() throws {
        reactor = Reactor(kernel: try LinuxKernel())
        visitor = Visitor(reactor: reactor)
        server = try AdminServer(on: [SocketAddress("127.0.0.1:0")!], of: reactor, try silentLog()) {
            [reactor] request, answer in
            switch request.path {
            case "/large": answer(HTTPResponse(body: [UInt8](repeating: UInt8(ascii: "x"), count: 10 << 20)))
            case "/late": _ = reactor.after(milliseconds: 20) { answer(HTTPResponse("late\n")) }
            case "/twice":
                answer(HTTPResponse("one\n"))
                answer(HTTPResponse("two\n"))
            default: answer(HTTPResponse("you asked for \(request.path)\n"))
            }
        }
        address = server.addresses[0]
    }

    @Test(arguments: [1, 2, 100])
    func `a request is answered, in however many pieces it comes`(pieces: Int) throws {
        let response = try visitor.response(
            to: "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", from: address, pieces: pieces)
        #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n") && response.hasSuffix("\r\n\r\nyou asked for /x\n"))
    }

    @Test func `a large answer arrives whole`() throws {
        let response = try visitor.get("/large", from: address)
        #expect(response.utf8.count > 10 << 20 && response.contains("content-length: 10485760\r\n"))
    }

    @Test func `an answer may come later, and counts once`() throws {
        #expect(try visitor.get("/late", from: address).hasSuffix("late\n"))
        #expect(try visitor.get("/twice", from: address).hasSuffix("\r\n\r\none\n"))
    }

    @Test func `a HEAD has no body`() throws {
        let response = try visitor.response(to: "HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n", from: address)
        #expect(response.contains("content-length: 17\r\n") && response.hasSuffix("\r\n\r\n"))
    }

    @Test func `garbage is refused`() throws {
        let response = try visitor.response(to: "\u{16}\u{3}\u{1}\r\n\r\n", from: address)
        #expect(response.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(
            try visitor.response(to: String(repeating: "x", count: 9000), from: address)
                .hasPrefix("HTTP/1.1 431 "))
    }

    @Test(.timeLimit(.minutes(1)))
    func `who does not finish a request is told so after two seconds`() throws {
        let socket = try visitor.connect(address)
        _ = try Bytes.write(socket.raw, Array("GET / HTTP/1.1\r\n".utf8)[...])
        let start = ContinuousClock.now
        #expect(try visitor.rest(of: socket).hasPrefix("HTTP/1.1 408 "))
        #expect((1.9...3).contains((ContinuousClock.now - start) / .seconds(1)))
    }

    @Test func `a crowd that says nothing keeps nobody out, and is bounded`() throws {
        let crowd = try (0..<64).map { _ in try visitor.connect(address).release() }
        defer { for descriptor in crowd { close(descriptor) } }
        #expect(try visitor.get("/x", from: address).hasSuffix("you asked for /x\n"))
        // Whoever had waited longest made room, and only that one.
        let oldest = Descriptor(owning: dup(crowd[0]))
        #expect(try visitor.rest(of: oldest) == "")
        #expect(throws: Never.self) { try expectWaiting(crowd[2]) }
    }

    private func expectWaiting(_ descriptor: CInt) throws {
        #expect(try Bytes.read(descriptor, limitBytes: 1) == .wouldBlock)
    }

    @Test(.timeLimit(.minutes(1)))
    func `who goes on sending after a request is cut off`() throws {
        let socket = try visitor.connect(address)
        _ = try Bytes.write(socket.raw, Array("GET /x HTTP/1.1\r\nHost: x\r\n\r\n".utf8)[...])
        let more = [UInt8](repeating: 0, count: 64 * 1024)
        var (sent, isCutOff) = (0, false)
        while sent < 64 << 20, !isCutOff {
            let count = send(socket.raw, more, more.count, CInt(MSG_NOSIGNAL))
            isCutOff = count < 0 && Errno.last != .wouldBlock
            sent += max(0, count)
            try visitor.turn()
        }
        #expect(isCutOff)
    }

    @Test func `refused and lost clients are told of, one that only looks is not`() throws {
        let told = Told()
        let server = try AdminServer(
            on: [SocketAddress("127.0.0.1:0")!], of: reactor, try silentLog(),
            refused: { peer, reason, _ in
                told.reasons.append(reason); told.peers.append(peer)
            }
        ) { _, answer in answer(HTTPResponse("yes\n")) }
        let address = server.addresses[0]
        _ = try visitor.response(to: "garbage\r\n\r\n", from: address)
        for text in ["GET / HT", ""] {
            let socket = try visitor.connect(address)
            _ = try Bytes.write(socket.raw, Array(text.utf8)[...])
            try visitor.turn()
        }
        for _ in 0..<5 { try visitor.turn() }
        #expect(told.reasons == [.badRequest, .closed])
        #expect(told.peers.allSatisfy { $0?.ip == .loopback(.v4) })
        server.close()
    }

    private final class Told {
        var reasons: [FailureReason] = []
        var peers: [SocketAddress?] = []
    }

    @Test func `a client that resets its connection harms nobody`() throws {
        for _ in 0..<20 {
            let socket = try visitor.connect(address)
            _ = try Bytes.write(socket.raw, Array("GET /large HTTP/1.1\r\nHost: x\r\n\r\n".utf8)[...])
            try visitor.turn()
            Socket.resetOnClose(socket.raw)
        }
        #expect(try visitor.get("/x", from: address).hasSuffix("you asked for /x\n"))
    }
}

/// The doors of a whole proxy, with a CA of its own and no pods.
struct AdminInterfaceTests {
    private let reactor: Reactor
    private let visitor: Visitor
    private let node: NodeProxy
    private let interface: AdminInterface
    private let configuration: Configuration
    private let log: Log
    private let stops = Counter()

    private final class Counter { var count = 0 }

    init() throws {
        reactor = Reactor(kernel: try LinuxKernel())
        visitor = Visitor(reactor: reactor)
        log = try silentLog()
        let directory = try Self.authorityDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        configuration = try Configuration(
            environment: [
                "LOCAL_XDS_PATH": "/nonexistent", "SLIPSTREAM_CA_DIR": directory.path, "NODE_NAME": "node-1",
                "ISTIO_META_ISTIO_VERSION": "1.2.3",
            ], cores: 2, fileExists: { _ in false })
        node = try NodeProxy(
            on: reactor, workers: 2, WorkerSettings(workers: 2),
            LocalCertificateSource(try LocalAuthority(directory: directory.path)), log)
        var doors = AdminInterface.Doors()
        (doors.administration, doors.metrics, doors.readiness) = (0, 0, 0)
        interface = try AdminInterface(
            .init(configuration: configuration, node: node, pods: nil, log: log) { [stops] in stops.count += 1 },
            on: reactor, doors: doors)
    }

    private static func authorityDirectory() throws -> URL {
        let directory = FileManager.default.temporaryDirectory.appending(path: "slip-edges-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/openssl")
        openssl.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/O=test", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", directory.appending(path: "ca-key.pem").path,
            "-out", directory.appending(path: "ca-cert.pem").path,
        ]
        openssl.standardError = nil
        try openssl.run()
        openssl.waitUntilExit()
        try FileManager.default.copyItem(
            at: directory.appending(path: "ca-cert.pem"), to: directory.appending(path: "root-cert.pem"))
        chmod(directory.appending(path: "ca-key.pem").path, 0o600)
        return directory
    }

    private func get(_ path: String, _ server: AdminServer) throws -> (status: String, body: String) {
        let response = try visitor.get(path, from: server.addresses[0].local)
        let parts = response.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(response.split(separator: " ")[1]), parts.count == 2 ? String(parts[1]) : "")
    }

    @Test func `it is ready once the configuration has arrived`() throws {
        #expect(try get("/healthz/ready", interface.readiness) == ("500", "not ready, pending: state manager\n"))
        node.configure(Shop().snapshot)
        #expect(try get("/healthz/ready", interface.readiness) == ("200", "ready\n"))
        #expect(try get("/", interface.readiness).status == "404")
    }

    @Test(arguments: ["/metrics", "/stats/prometheus"])
    func `metrics are a page of OpenMetrics`(path: String) throws {
        let (status, body) = try get(path, interface.metrics)
        #expect(status == "200" && body.hasSuffix("# EOF\n"))
        #expect(body.contains("istio_build{component=\"ztunnel\",tag=\"1.2.3\"} 1\n"))
        #expect(body.contains("# TYPE istio_tcp_connections_opened counter\n"))
        #expect(body.contains("workload_manager_active_proxy_count 0\n"))
        #expect(body.contains("\nworkload_manager_proxies_started_total 0\n"))
        #expect(body.contains("\nistio_tcp_sockets_open{reporter=\"source\"} 0\n"))
        func value(_ name: String) -> Double {
            body.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
                Double($0.dropFirst(name.count + 1))
            } ?? 0
        }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        #expect((1...Double(2 * descriptors + 50)).contains(value("process_open_fds")))
        #expect(value("process_max_fds") >= value("process_open_fds"))
        #expect(value("process_resident_memory_bytes") > 1_000_000)
        #expect(value("process_virtual_memory_bytes") >= value("process_resident_memory_bytes"))
        #expect((0.001...100_000).contains(value("process_cpu_seconds_total")))
        let now = Date.now.timeIntervalSince1970
        #expect((now - 3600...now + 2).contains(value("process_start_time_seconds")))
    }

    @Test func `config_dump tells what is known, in the words of istioctl`() throws {
        node.configure(Shop().snapshot)
        let (status, body) = try get("/config_dump", interface.administration)
        let dump = try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
        let workloads = try #require(dump["workloads"] as? [[String: Any]])
        #expect(status == "200" && workloads.count == 5)
        #expect(workloads[0]["protocol"] as? String == "HBONE")
        let services = try #require(dump["services"] as? [[String: Any]])
        #expect(services[0]["vips"] as? [String] == ["/10.96.0.10"])
        #expect((services[0]["endpoints"] as? [String: Any])?.count == 2)
        #expect((dump["config"] as? [String: Any])?["localNode"] as? String == "node-1")
        #expect(!body.contains("PRIVATE"))
    }

    @Test func `the log level is told, changed and taken back by POST`() throws {
        let door = interface.administration.addresses[0].local
        func logging(_ query: String) throws -> String {
            let response = try visitor.response(to: "POST /logging\(query) HTTP/1.1\r\nHost: x\r\n\r\n", from: door)
            return String(response.split(separator: "\r\n\r\n", maxSplits: 1)[1])
        }
        #expect(try get("/logging", interface.administration).status == "405")
        #expect(try logging("") == "current log level is info\n")
        #expect(!log.isWritten(.debug))
        #expect(try logging("?level=debug") == "current log level is debug\n")
        #expect(log.isWritten(.debug))
        #expect(
            try logging("?level=access%3Doff,ztunnel%3a%3Aproxy=trace") == "current log level is debug,access=off\n")
        for level in ["loud", "", "%3", "%zz", "%+1", "%ff"] {
            #expect(try !logging("?level=\(level)").hasPrefix("current") || level.isEmpty)
        }
        #expect(try logging("?level=error&reset") == "current log level is error\n")
        #expect(!log.isWritten(.warn))
        #expect(try logging("?reset=true") == "current log level is info\n")
        #expect(log.isWritten(.info) && !log.isWritten(.debug))
    }

    @Test func `one that drains is not ready`() throws {
        node.configure(Shop().snapshot)
        node.drain(deadlineMilliseconds: 1000) {}
        #expect(try get("/healthz/ready", interface.readiness) == ("500", "not ready, pending: draining\n"))
    }

    @Test func `a door that is taken is named`() throws {
        let taken = interface.administration.addresses[0].port
        var doors = AdminInterface.Doors()
        (doors.administration, doors.metrics, doors.readiness) = (taken, 0, 0)
        let failure = #expect(throws: ListenFailure.self) {
            try AdminInterface(
                .init(configuration: configuration, node: node, pods: nil, log: log) {}, on: reactor, doors: doors)
        }
        #expect(failure?.description == "cannot listen on port \(taken): Address already in use")
    }

    @Test func `a page in a browser may do nothing, and to end the proxy takes a POST`() throws {
        let door = interface.administration.addresses[0].local
        #expect(try get("/quitquitquit", interface.administration).status == "405")
        let post = "POST /quitquitquit HTTP/1.1\r\nHost: localhost\r\n"
        #expect(try visitor.response(to: post + "Origin: http://x\r\n\r\n", from: door).contains(" 403 "))
        #expect(stops.count == 0)
        #expect(try visitor.response(to: post + "\r\n", from: door).hasSuffix("shutting down\n"))
        #expect(stops.count == 1)
    }
}

extension SocketAddress {
    /// Where to reach a wildcard from this host.
    fileprivate var local: SocketAddress { ip.isUnspecified ? SocketAddress(.loopback(ip.family), port) : self }
}
