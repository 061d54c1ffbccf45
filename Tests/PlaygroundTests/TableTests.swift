import Mesh
@testable import Playground
import Testing

struct ConnectionTableTests {
    private let outbound = """
        {"level":"info","time":"2026-01-02T12:34:56.789Z","scope":"access","message":"connection complete",\
        "src.addr":"10.244.1.2:40000","src.workload":"frontend-7d9f-abcde","src.namespace":"shop",\
        "src.identity":"spiffe://cluster.local/ns/shop/sa/frontend","dst.addr":"10.244.2.3:15008",\
        "dst.hbone_addr":"10.244.2.3:8080","dst.service":"cart.shop.svc.cluster.local","dst.workload":"cart-5c6b-fghij",\
        "dst.namespace":"shop","dst.identity":"spiffe://cluster.local/ns/shop/sa/cart","direction":"outbound",\
        "bytes_sent":341,"bytes_recv":78,"duration":"12ms","tls.version":"TLSv1.3","tls.cipher":"TLS_AES_256_GCM_SHA384"}
        """
    private let inbound = """
        {"level":"info","time":"2026-01-02T12:34:56.788Z","scope":"access","message":"connection complete",\
        "src.addr":"10.244.1.2:40000","src.workload":"frontend-7d9f-abcde","src.namespace":"shop",\
        "src.identity":"spiffe://cluster.local/ns/shop/sa/frontend","dst.addr":"10.244.2.3:8080",\
        "dst.workload":"cart-5c6b-fghij","dst.namespace":"shop","dst.identity":"spiffe://cluster.local/ns/shop/sa/cart",\
        "direction":"inbound","bytes_sent":341,"bytes_recv":78,"duration":"11ms","tls.version":"TLSv1.3",\
        "tls.cipher":"TLS_AES_256_GCM_SHA384","policy":"shop/cart","policy.rule":0,"policy.reason":"allowed by: shop/cart"}
        """

    private func record(_ line: String) throws -> AccessRecord { try #require(AccessRecord(line: line.utf8)) }

    @Test func `two reports of one connection become one row`() throws {
        var table = ConnectionTable()
        table.add(try record(outbound), nowMilliseconds: 0)
        let early = table.takeSettled(nowMilliseconds: 100)
        table.add(try record(inbound), nowMilliseconds: 100)
        let settled = table.takeSettled(nowMilliseconds: 100)
        let late = table.takeSettled(nowMilliseconds: 9_999)
        let row = try #require(settled.first)
        #expect((early.count, settled.count, late.count) == (0, 1, 0))
        #expect(table.connections.count == 1)
        #expect(row.service == "cart.shop.svc.cluster.local")
        #expect(row.policy == "shop/cart")
        #expect(row.policyRule == "0")
        #expect(row.durationMilliseconds == 12)
        #expect(row.destination.address == SocketAddress("10.244.2.3:8080"))
        #expect(row.verdict == .served)
    }

    @Test func `a report without a partner stands alone after a while`() throws {
        var table = ConnectionTable()
        table.add(try record(inbound), nowMilliseconds: 0)
        let early = table.takeSettled(nowMilliseconds: ConnectionTable.partnerDelayMilliseconds - 1)
        let late = table.takeSettled(nowMilliseconds: ConnectionTable.partnerDelayMilliseconds)
        #expect((early.count, late.count) == (0, 1))
    }

    @Test func `the same client port that leads elsewhere is another connection`() throws {
        var table = ConnectionTable()
        table.add(try record(outbound), nowMilliseconds: 0)
        table.add(try record(inbound.replacing("10.244.2.3", with: "10.244.2.9")), nowMilliseconds: 1)
        table.add(try record(outbound), nowMilliseconds: 2)
        #expect(table.connections.count == 3)
    }

    @Test func `a refusal is told from a failure by the policy's reason`() throws {
        var denial = try record(inbound)
        denial.error = "connection closed due to policy rejection"
        denial.policyReason = "explicitly denied by: shop/cart"
        var failure = try record(inbound)
        failure.error = "connection refused"
        #expect(Connection(outbound: nil, inbound: denial).verdict == .denied)
        #expect(Connection(outbound: nil, inbound: failure).verdict == .failed(reason: "connection refused"))
    }

    @Test func `the table remembers so many connections and no more`() throws {
        var table = ConnectionTable()
        for port in 1...(ConnectionTable.historyLimit + 10) {
            table.add(try record(inbound.replacing(":40000", with: ":\(port)")), nowMilliseconds: 0)
        }
        #expect(table.connections.count == ConnectionTable.historyLimit)
        #expect(table.connections(since: table.mark - 3).count == 3)
    }

    @Test(arguments: [
        "", "{", "[]", "null", #"{"scope":"state"}"#, #"{"scope":"access"}"#, #"{"scope":"access","direction":"up"}"#,
    ])
    func `a line that is no connection is none`(line: String) {
        #expect(AccessRecord(line: line.utf8) == nil)
    }

    @Test func `what could steer a terminal is taken out`() throws {
        let record = try record(#"{"scope":"access","direction":"inbound","error":"a\u001b[2Jb\nc\u202e"}"#)
        #expect(record.error == "a[2Jbc")
    }
}

struct TableViewTests {
    private func connection() -> Connection {
        var record = AccessRecord()
        record.time = "2026-01-02T12:34:56.789Z"
        record.source = .init(
            address: nil, workload: "frontend-7d9f-abcde", namespace: "shop",
            identity: "spiffe://cluster.local/ns/shop/sa/frontend")
        record.destination = .init(
            address: nil, workload: "cart-5c6b-fghij", namespace: "shop",
            identity: "spiffe://cluster.local/ns/shop/sa/cart")
        record.service = "cart.shop.svc.cluster.local"
        record.bytesReceived = 78
        record.bytesSent = 1_234_567
        record.durationMilliseconds = 12
        record.tlsVersion = "TLSv1.3"
        record.tlsCipher = "TLS_AES_256_GCM_SHA384"
        record.policy = "shop/cart"
        record.policyRule = "0"
        return Connection(outbound: nil, inbound: record)
    }

    @Test(arguments: [52, 80, 100, 120, 160, 240])
    func `no line is wider than the screen`(columns: Int) {
        let view = TableView(columns: columns, isColoured: false)
        for line in [view.header] + view.lines(for: connection()) { #expect(line.count <= columns) }
    }

    @Test func `columns stand under their titles`() throws {
        let view = TableView(columns: 200, isColoured: false)
        let lines = view.lines(for: connection())
        func column(_ text: String, in line: String) throws -> Int {
            line.distance(from: line.startIndex, to: try #require(line.firstRange(of: text)).lowerBound)
        }
        #expect(try column("DESTINATION", in: view.header) == column("shop/cart-5c6b", in: lines[0]))
        #expect(try column("SOURCE", in: view.header) == column("spiffe://", in: lines[1]))
        #expect(try column("SERVICE", in: view.header) == column("mTLS 1.3 AES_256_GCM", in: lines[1]))
        #expect(try column("POLICY", in: view.header) == column("shop/cart[0]", in: lines[0]))
        #expect(lines[0].contains("78B/1.2M"))
    }

    @Test func `of a long identity the end is kept`() {
        let lines = TableView(columns: 130, isColoured: false).lines(for: connection())
        #expect(lines[1].contains("/ns/shop/sa/frontend"))
    }

    @Test func `colour is for those who want it`() {
        let plain = TableView(columns: 120, isColoured: false)
        let coloured = TableView(columns: 120, isColoured: true)
        #expect(!plain.lines(for: connection()).joined().contains("\u{1b}"))
        #expect(coloured.lines(for: connection()).joined().contains("\u{1b}["))
    }

    @Test func `a plain line has every field in full`() {
        let line = PlainLine.text(for: connection())
        #expect(line.contains("verdict=served src=shop/frontend-7d9f-abcde"))
        #expect(line.contains("src.identity=spiffe://cluster.local/ns/shop/sa/frontend"))
        #expect(line.contains("security=mtls tls.version=TLSv1.3 tls.cipher=TLS_AES_256_GCM_SHA384"))
        #expect(line.contains("policy=shop/cart policy.rule=0"))
    }
}
