import CLinux
import Foundation
import HBONE
import Mesh
import Reactor
import Testing

@testable import ZTunnel

/// 2026-01-02T03:04:05.000006Z
private let time: Int64 = 1_767_323_045_000_006

private func text(_ format: LogLine.Format, _ summary: ConnectionSummary) -> String {
    var line = LogLine(format)
    line.write(summary, timeMicroseconds: time)
    return String(decoding: line.bytes, as: UTF8.self)
}

private func fields(_ summary: ConnectionSummary) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(text(.json, summary).utf8))
    return try #require(object as? [String: Any])
}

private func summary(
    _ direction: ConnectionFacts.Direction = .outbound, failure: ConnectionFailure? = nil,
    stage: ConnectionFailure.Stage = .relay, change: (inout ConnectionFacts) -> Void = { _ in }
) -> ConnectionSummary {
    let shop = Shop()
    var record = ConnectionRecord(direction, client: SocketAddress("10.244.1.2:40000")!, nowNanoseconds: 1_000_000)
    record.stage = stage
    record.facts.source = shop.entry("frontend")
    record.facts.destination = shop.entry("catalog-v2")
    record.facts.service = shop.snapshot.service(Shop.catalog)
    record.facts.server = SocketAddress("10.244.2.4:15008")
    record.facts.authority = .address(SocketAddress("10.244.2.4:8082")!)
    record.facts.sourceIdentity = Shop.identity("frontend")
    record.facts.destinationIdentity = Shop.identity("catalog")
    record.facts.security = .init(version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384")
    record.facts.bytesSent = 1234
    record.facts.bytesReceived = 56
    change(&record.facts)
    return record.finish(failure, nowNanoseconds: 13_900_000)
}

struct AccessLogTests {
    @Test func `a complete connection is one line of JSON`() {
        #expect(
            text(.json, summary())
                == #"{"level":"info","time":"2026-01-02T03:04:05.000006Z","scope":"access","message":"connection complete","#
                + #""src.addr":"10.244.1.2:40000","src.workload":"frontend","src.namespace":"shop","#
                + #""src.identity":"spiffe://cluster.local/ns/shop/sa/frontend","src.cluster":"Kubernetes","dst.addr":"10.244.2.4:15008","#
                + #""dst.hbone_addr":"10.244.2.4:8082","dst.service":"catalog.shop.svc.cluster.local","#
                + #""dst.workload":"catalog-v2","dst.namespace":"shop","#
                + #""dst.identity":"spiffe://cluster.local/ns/shop/sa/catalog","dst.cluster":"Kubernetes","direction":"outbound","bytes_sent":1234,"#
                + #""bytes_recv":56,"duration":"12ms","tls.version":"TLSv1.3","tls.cipher":"TLS_AES_256_GCM_SHA384"}"#
                + "\n")
    }

    @Test func `a complete connection is one line of text`() {
        let plaintext = summary {
            $0.security = nil
            $0.sourceIdentity = nil
            $0.destinationIdentity = nil
            $0.authority = nil
        }
        #expect(
            text(.plain, plaintext)
                == "2026-01-02T03:04:05.000006Z\tinfo\taccess\tconnection complete\t"
                + #"src.addr=10.244.1.2:40000 src.workload="frontend" src.namespace="shop" src.cluster="Kubernetes" dst.addr=10.244.2.4:15008 "#
                + #"dst.service="catalog.shop.svc.cluster.local" dst.workload="catalog-v2" dst.namespace="shop" dst.cluster="Kubernetes" "#
                + #"direction="outbound" bytes_sent=1234 bytes_recv=56 duration="12ms""# + "\n")
    }

    @Test func `a denial names its policy, rule and reason`() throws {
        let rule = RuleReference(policy: NamespacedName("shop/no")!, index: 3)
        let decision = AuthorizationDecision(.denied(by: rule))
        let failure = ConnectionFailure(.denied(decision), at: .policy, by: .mesh)
        let fields = try fields(summary(.inbound, failure: failure, stage: .policy) { $0.decision = decision })
        #expect(fields["level"] as? String == "warn" && fields["message"] as? String == "connection failed")
        #expect(fields["policy"] as? String == "shop/no" && fields["policy.rule"] as? Int == 3)
        #expect(fields["policy.reason"] as? String == "explicitly denied by: shop/no")
        #expect(fields["error"] as? String == "connection denied by policy: explicitly denied by: shop/no")
    }

    @Test func `a denial by no policy names the nearest rule`() throws {
        let policy = AuthorizationPolicy(
            name: "a", namespace: "shop", scope: .namespace, action: .allow,
            rules: [.init(clauses: [.init(matches: [match { $0.destinationPorts = [1] }])])])
        let policies = EffectivePolicies(sets: [PolicySet([policy])])
        let attributes = ConnectionAttributes(
            source: IPAddress("10.0.0.1")!, sourceIdentity: nil, destination: SocketAddress("10.0.0.2:80")!)
        let decision = policies.decide(attributes)
        let fields = try fields(
            summary(.inbound) {
                $0.decision = decision
                $0.nearestRule = policies.explain(decision, of: attributes)
            })
        #expect(fields["policy"] == nil && fields["policy.rule"] == nil)
        #expect(fields["policy.reason"] as? String == "allow policies exist, but none allowed")
        #expect(fields["policy.nearest"] as? String == "nearest rule shop/a#0 wants destinationPorts [1] but found 80")
    }

    @Test func `a denial by policies that do not allow names them`() throws {
        let policies = ["b", "a"].map {
            AuthorizationPolicy(name: $0, namespace: "shop", scope: .namespace, action: .allow, rules: [])
        }
        let fields = try fields(
            summary(.inbound) {
                $0.policies = EffectivePolicies(sets: [PolicySet(policies)])
                $0.decision = AuthorizationDecision(.noneAllowed)
            })
        #expect(fields["policy"] as? String == "shop/a,shop/b" && fields["policy.rule"] == nil)
    }

    private func match(_ fill: (inout AuthorizationPolicy.Match) -> Void) -> AuthorizationPolicy.Match {
        var match = AuthorizationPolicy.Match()
        fill(&match)
        return match
    }

    @Test func `a connection that breaks once it is established is complete, with its error`() throws {
        let failure = ConnectionFailure(.reset, at: .relay, by: .upstream)
        let fields = try fields(summary(failure: failure))
        #expect(fields["level"] as? String == "error" && fields["message"] as? String == "connection complete")
        #expect(fields["error"] as? String == "connection reset by server")
    }

    @Test func `a source that is only known by its baggage is told by it`() throws {
        let fields = try fields(
            summary(.inbound) {
                $0.source = nil
                $0.sourceBaggage = Baggage("k8s.namespace.name=far,k8s.deployment.name=client")
            })
        #expect(fields["src.workload"] as? String == "client" && fields["src.namespace"] as? String == "far")
    }

    @Test(arguments: ["a\"b", "a\nb", "a\\", "\u{0}\u{1f}\u{7f}", "ä😀", "a\",\"level\":\"x", "\t\r\u{2028}"])
    func `whatever a text holds, the line stays one line of its fields`(hostile: String) throws {
        let summary = summary {
            $0.source = nil
            $0.sourceBaggage = Baggage("")
            $0.sourceBaggage?.workloadName = hostile
            $0.authority = .hostname(hostile, port: 1)
        }
        let fields = try fields(summary)
        #expect(fields["src.workload"] as? String == hostile && fields["level"] as? String == "info")
        for format in [LogLine.Format.json, .plain] {
            let bytes = Array(text(format, summary).utf8)
            #expect(bytes.count { $0 < 0x20 && $0 != 0x09 } == 1 && bytes.last == 0x0a)
        }
        #expect(!text(.plain, summary).split(separator: "\t", maxSplits: 4)[4].contains("\t"))
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"), (951_868_800_000_000, "2000-03-01T00:00:00.000000Z"),
            (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (time, "2026-01-02T03:04:05.000006Z"),
        ] as [(Int64, String)])
    func `time is told in UTC`(microseconds: Int64, text: String) {
        var told = ByteText()
        told.appendTimestamp(microseconds: microseconds)
        #expect(String(decoding: told.bytes, as: UTF8.self) == text)
    }

    @Test func `addresses of both families are told as they are written elsewhere`() throws {
        for address in ["0.0.0.0:0", "255.255.255.255:65535", "10.9.100.1:80", "[fd00::1]:80"] {
            #expect(try fields(summary { $0.client = SocketAddress(address)! })["src.addr"] as? String == address)
        }
    }
}

struct ResponseFlagsTests {
    @Test(
        arguments: [
            (.init(.denied(.init(.noneAllowed)), at: .policy, by: .mesh), .denied),
            (.init(.status(401), at: .tunnel, by: .upstream), .denied),
            (.init(.status(503), at: .tunnel, by: .upstream), .connect),
            (.init(.connect(.refused), at: .upstream, by: .upstream), .connect),
            (.init(.connect(.timedOut), at: .upstream, by: .upstream), .connect),
            (.init(.connect(.timedOut), at: .tunnel, by: .upstream), .networkPolicy),
            (.init(.tls(.untrustedChain("x")), at: .tunnel, by: .upstream), .tls),
            (.init(.tls(.unexpectedIdentity(presented: "x")), at: .tunnel, by: .upstream), .identity),
            (.init(.noCredential("x"), at: .tunnel, by: .mesh), .identity),
            (.init(.http2("x"), at: .tunnel, by: .upstream), .http2),
            (.init(.reset, at: .relay, by: .downstream), .ok),
        ] as [(ConnectionFailure, ResponseFlags)])
    func `each failure has Istio's word`(failure: ConnectionFailure, flags: ResponseFlags) {
        #expect(failure.responseFlags == flags)
        #expect(!failure.description.isEmpty)
    }
}

struct LogSinkTests {
    /// A pipe whose reading end the test holds.
    private func withPipe(_ body: (_ read: CInt, _ write: CInt) throws -> Void) throws {
        let pipe = Pipe()
        try body(pipe.fileHandleForReading.fileDescriptor, pipe.fileHandleForWriting.fileDescriptor)
    }

    private func contents(of descriptor: CInt, count: Int) -> [UInt8] {
        FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).readData(ofLength: count).map { $0 }
    }

    @Test func `lines come out whole and in order`() throws {
        try withPipe { read, write in
            let sink = try LogSink(descriptor: write, format: .plain)
            let lines = (0..<100).map { Array("line \($0)\n".utf8) }
            for line in lines { sink.write(line[...]) }
            sink.close()
            let expected = lines.flatMap { $0 }
            #expect(contents(of: read, count: expected.count) == expected)
            #expect(sink.droppedCount == 0)
        }
    }

    @Test func `when nobody reads, lines are dropped and counted, and writers never wait`() throws {
        try withPipe { read, write in
            let sink = try LogSink(descriptor: write, format: .plain, capacityBytes: 1000)
            let line = Array(repeating: UInt8(ascii: "x"), count: 99) + [0x0a]
            // A pipe holds 64 KiB, and the sink twice its capacity: what it writes and what waits.
            for _ in 0..<2000 { sink.write(line[...]) }
            #expect(sink.droppedCount > 1000)
            let dropped = sink.droppedCount
            let written = (2000 - Int(dropped)) * line.count
            #expect(contents(of: read, count: written).count == written)
            sink.close()
            let report = String(
                decoding: FileHandle(fileDescriptor: read, closeOnDealloc: false).availableData, as: UTF8.self)
            #expect(report.contains("log lines dropped"))
        }
    }
}
