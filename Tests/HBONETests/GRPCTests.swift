import Foundation
import Glibc
import Mesh
import Reactor
import TestCertificates
import Testing

@testable import HBONE

/// Calls to a server of another stack (Tests/Support/grpc_server.py), over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct GRPCTests {
    @Test(arguments: [false, true])
    func `messages go both ways on one stream, small and large, with and without TLS`(isSecure: Bool) throws {
        let lab = try GRPCLab(isSecure: isSecure)
        let ears = Ears()
        let call = try #require(try lab.call("Echo", ears))
        let messages = [[1, 2, 3], [], [UInt8](repeating: 7, count: 3 << 20)]
        for message in messages { call.send(message) }
        call.finish()
        #expect(try lab.run { ears.status != nil })
        #expect(ears.messages == messages && ears.status?.isOK == true)
    }

    @Test(
        arguments: [
            ("Unauthenticated", .unauthenticated, "no token here"), ("Down", .unavailable, "503"),
            ("Reset", .unavailable, "reset"), ("Huge", .resourceExhausted, "longer than"),
            ("Compressed", .internal, "compressed"), ("Cut", .internal, "cut"), ("NoStatus", .internal, "status"),
            ("Web", .unknown, "not gRPC"), ("Vanish", .unavailable, "closed"), ("Silent", .deadlineExceeded, "time"),
        ] as [(String, GRPCStatus.Code, String)])
    func `a call that ends badly tells how`(manner: String, code: GRPCStatus.Code, words: String) throws {
        let lab = try GRPCLab()
        let ears = Ears()
        _ = try #require(try lab.call(manner, ears, deadlineMilliseconds: 500))
        #expect(try lab.run { ears.status != nil })
        #expect(ears.status?.code == code && ears.status?.message.contains(words) == true, "\(ears)")
        #expect(ears.endings == 1)
    }

    @Test func `a server that goes away gets no new calls, and the connection ends with the last one`() throws {
        let lab = try GRPCLab()
        let ears = Ears(), other = Ears()
        let calls = [try lab.call("Echo", ears), try lab.call("GoAway", other)]
        #expect(try lab.run { lab.connection.isGoingAway })
        #expect(try lab.call("Echo", Ears()) == nil)
        for call in calls { call?.cancel() }
        #expect(try lab.run { lab.failure != nil })
        #expect(lab.failure == .goingAway && ears.endings == 1 && other.endings == 1)
    }

    @Test func `one answer to one question, with what the caller says of itself`() throws {
        let lab = try GRPCLab()
        #expect(try lab.run { lab.isOpen })
        var answer: Result<[UInt8], GRPCStatus>?
        _ = GRPCUnaryCall(
            "test.Service/Token", [], metadata: [("authorization", "Bearer me")], on: lab.connection,
            answerLimitBytes: 100, deadlineMilliseconds: 5000
        ) { answer = $0 }
        #expect(try lab.run { answer != nil })
        #expect(answer == .success(Array("Bearer me".utf8)))
    }

    @Test func `who does not read is sent no more than a window`() throws {
        let lab = try GRPCLab()
        let ears = Ears()
        let call = try #require(try lab.call("Echo", ears))
        call.isPaused = true
        let message = [UInt8](repeating: 1, count: 1 << 20)
        for _ in 0..<8 { call.send(message) }
        #expect(try lab.run(milliseconds: 400) { false } == false)
        #expect(ears.messages.isEmpty)
        call.isPaused = false
        call.finish()
        #expect(try lab.run { ears.status != nil })
        #expect(ears.messages.count == 8 && ears.status?.isOK == true)
    }

    @Test func `a server that proves to be another is not spoken to`() throws {
        let stranger = try GRPCLab(isSecure: true, expected: "controller.elsewhere.svc")
        #expect(try stranger.run { stranger.failure != nil })
        guard case .tls(.unexpectedIdentity) = stranger.failure else {
            Issue.record("\(String(describing: stranger.failure))")
            return
        }
        let foreign = try GRPCLab(isSecure: true, isTrusted: false)
        #expect(try foreign.run { foreign.failure != nil })
        guard case .tls(.untrustedChain) = foreign.failure else {
            Issue.record("\(String(describing: foreign.failure))")
            return
        }
    }

    @Test func `nobody there, and a name that nobody has, are failures with their reasons`() throws {
        let refused = try GRPCLab(address: "http://127.0.0.1:1")
        #expect(try refused.run { refused.failure != nil })
        #expect(refused.failure == .socket(.refused))
        let unknown = try GRPCLab(address: "https://nobody.invalid:15012")
        #expect(try unknown.run { unknown.failure != nil })
        guard case .lookup = unknown.failure else {
            Issue.record("\(String(describing: unknown.failure))")
            return
        }
    }
}

struct GRPCMessageReaderTests {
    @Test func `messages are whole however the bytes come`() throws {
        let stream: [UInt8] = [0, 0, 0, 0, 2, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7]
        for size in 1...stream.count {
            var reader = GRPCMessageReader(limitBytes: 2)
            var messages: [[UInt8]] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                try reader.take(stream[start..<min(start + size, stream.count)])
                while let message = reader.next() { messages.append(message) }
            }
            #expect(messages == [[8, 9], [], [7]] && !reader.isWithinMessage)
        }
    }

    @Test func `a message longer than the limit is refused before it has come`() {
        var reader = GRPCMessageReader(limitBytes: 2)
        let failure = #expect(throws: GRPCStatus.self) { try reader.take([0, 0, 0, 0, 3]) }
        #expect(failure?.code == .resourceExhausted)
    }
}

struct GRPCAddressTests {
    @Test(arguments: [
        ("https://controller.slipstream-system.svc:15012", "https://controller.slipstream-system.svc:15012"),
        ("istiod.istio-system.svc:15012", "https://istiod.istio-system.svc:15012"),
        ("http://127.0.0.1:15010/", "http://127.0.0.1:15010"), ("https://[fd00::1]:1", "https://[fd00::1]:1"),
    ])
    func `an address is read as it is meant`(text: String, meant: String) throws {
        let address = try #require(GRPCAddress(text))
        #expect(address.description == meant && GRPCAddress(meant) == address)
    }

    @Test(arguments: [
        "", "https://", "host", "host:", "host:0", "host:65536", "ftp://host:1", "a b:1", "[::1:1", "https://[]:1",
    ])
    func `what is no address is refused`(text: String) { #expect(GRPCAddress(text) == nil) }
}

/// What comes of a call.
private final class Ears: GRPCCallObserver, CustomStringConvertible {
    private(set) var messages: [[UInt8]] = []
    private(set) var status: GRPCStatus?
    private(set) var endings = 0

    func call(_ call: GRPCCall, received message: [UInt8]) { messages.append(message) }
    func callEnded(_ call: GRPCCall, _ status: GRPCStatus) {
        self.status = status
        endings += 1
    }

    var description: String { "\(messages.count) messages, \(status.map { "\($0)" } ?? "no status")" }
}

/// A client and a server.
private final class GRPCLab {
    /// What is heard of the connection.
    private final class Watch: GRPCConnectionObserver {
        var isOpen = false
        var failure: GRPCFailure?

        func connectionOpened(_ connection: GRPCConnection) { isOpen = true }
        func connectionClosed(_ connection: GRPCConnection, _ failure: GRPCFailure) { self.failure = failure }
    }

    private let reactor: Reactor
    private let watch = Watch()
    private var server: Process?
    private(set) var connection: GRPCConnection!
    var isOpen: Bool { watch.isOpen }
    var failure: GRPCFailure? { watch.failure }

    init(
        isSecure: Bool = false, expected: String = "controller.test.svc", isTrusted: Bool = true,
        address given: String? = nil
    ) throws {
        reactor = Reactor(kernel: try LinuxKernel())
        var security: GRPCConnection.Security?
        var arguments: [String] = []
        let authority = try TestAuthority()
        if isSecure {
            arguments = try authority.serverLeaf("controller.test.svc")
            let root = try isTrusted ? authority : TestAuthority()
            let pem = [UInt8](try Data(contentsOf: URL(filePath: root.directory + "/root-cert.pem")))
            let context = try TLSContext(trusting: try TrustAnchors(pem: pem))
            security = GRPCConnection.Security(context, expecting: .host(expected))
        }
        let text = try given ?? "\(isSecure ? "https" : "http")://127.0.0.1:\(start(arguments))"
        let address = try #require(GRPCAddress(text))
        connection = GRPCConnection(
            to: address, security, try NameLookup(address.host, on: reactor), settings: HTTP2Settings(), TLSScratch(),
            on: reactor, observer: watch)
    }

    deinit {
        connection.close()
        // It was started with signals blocked, as the test's thread has them.
        if let server { _ = kill(server.processIdentifier, SIGKILL) }
    }

    private func start(_ arguments: [String]) throws -> Int {
        let script = URL(filePath: #filePath).appending(path: "../../Support/grpc_server.py").standardized.path
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        server = process
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        return try #require(Int(line.trimmingCharacters(in: .newlines)))
    }

    func call(_ manner: String, _ ears: Ears, deadlineMilliseconds: UInt64? = nil) throws -> GRPCCall? {
        let isReady = try run { isOpen }
        #expect(isReady, "\(String(describing: failure))")
        return connection.call(
            "test.Service/\(manner)", metadata: [], messageLimitBytes: 16 << 20,
            deadlineMilliseconds: deadlineMilliseconds, observer: ears)
    }

    func run(milliseconds: Int = 20_000, until isDone: () -> Bool) throws -> Bool {
        let deadline = Date(timeIntervalSinceNow: Double(milliseconds) / 1000)
        while !isDone() {
            guard Date() < deadline else { return false }
            _ = reactor.after(milliseconds: 5) {}
            try reactor.runOnce()
        }
        return true
    }
}
