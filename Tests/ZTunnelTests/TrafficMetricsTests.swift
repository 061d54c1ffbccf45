import HBONE
import Mesh
import Testing

@testable import ZTunnel

private func record(
    _ metrics: inout TrafficMetrics, in shop: Shop = Shop(), failure: ConnectionFailure? = nil,
    isEstablished: Bool = true, change: (inout ConnectionFacts) -> Void = { _ in }
) {
    var record = ConnectionRecord(.inbound, client: SocketAddress("10.244.1.2:40000")!, nowNanoseconds: 0)
    record.facts.source = shop.entry("frontend")
    record.facts.destination = shop.entry("cart")
    record.facts.bytesReceived = 10
    record.facts.bytesSent = 100
    change(&record.facts)
    if isEstablished {
        record.stage = .relay
        metrics.opened(record.facts)
    }
    metrics.closed(record.finish(failure, nowNanoseconds: 1))
}

private func page(_ metrics: TrafficMetrics) -> [String] {
    var page = OpenMetricsText()
    page.write(metrics)
    page.end()
    return String(decoding: page.bytes, as: UTF8.self).split(separator: "\n").map(String.init)
}

private func sum(_ name: String, _ lines: [String]) -> Int {
    lines.filter { $0.hasPrefix(name + "{") }.reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "") ?? 0) }
}

struct TrafficMetricsTests {
    @Test func `connections and bytes are counted under Istio's names and labels`() {
        var metrics = TrafficMetrics()
        for _ in 0..<3 {
            record(&metrics) {
                $0.security = .init(version: "TLSv1.3", cipher: "x")
                $0.sourceIdentity = Shop.identity("frontend")
                $0.destinationIdentity = Shop.identity("cart")
            }
        }
        let lines = page(metrics)
        let labels = """
            reporter="destination",source_workload="unknown",source_canonical_service="unknown",\
            source_canonical_revision="unknown",source_workload_namespace="shop",\
            source_principal="spiffe://cluster.local/ns/shop/sa/frontend",source_app="unknown",\
            source_version="unknown",source_cluster="Kubernetes",destination_service="unknown",\
            destination_service_namespace="unknown",destination_service_name="unknown",\
            destination_workload="unknown",destination_canonical_service="unknown",\
            destination_canonical_revision="unknown",destination_workload_namespace="shop",\
            destination_principal="spiffe://cluster.local/ns/shop/sa/cart",destination_app="unknown",\
            destination_version="unknown",destination_cluster="Kubernetes",request_protocol="tcp",\
            response_flags="-",connection_security_policy="mutual_tls"
            """
        #expect(lines.contains("istio_tcp_received_bytes_total{\(labels)} 30"))
        #expect(sum("istio_tcp_connections_opened_total", lines) == 3)
        #expect(sum("istio_tcp_connections_closed_total", lines) == 3)
        #expect(sum("istio_tcp_connections_failed_total", lines) == 0)
        #expect(sum("istio_tcp_sent_bytes_total", lines) == 300)
        #expect(lines.last == "# EOF")
    }

    @Test func `a connection that was never established counts as failed, with its flags`() {
        var metrics = TrafficMetrics()
        let failure = ConnectionFailure(.denied(.init(.noneAllowed)), at: .policy, by: .mesh)
        record(&metrics, failure: failure, isEstablished: false)
        let lines = page(metrics)
        #expect(sum("istio_tcp_connections_opened_total", lines) == 0)
        #expect(lines.contains { $0.hasPrefix("istio_tcp_connections_failed_total{") && $0.contains("\"DENY\"") })
    }

    @Test func `what failed is counted by where, whose doing it was, and why`() {
        var (one, two) = (TrafficMetrics(), TrafficMetrics())
        let closed = ConnectionFailure(.tls(.closed), at: .tunnel, by: .downstream)
        record(&one, failure: closed, isEstablished: false)
        record(&two, failure: closed, isEstablished: false)
        record(&two, failure: ConnectionFailure(.reset, at: .relay, by: .upstream))
        record(&two)
        one.add(two)
        var text = OpenMetricsText()
        text.write(one.failures)
        let lines = String(decoding: text.bytes, as: UTF8.self).split(separator: "\n").dropFirst(2)
        #expect(
            Array(lines) == [
                "slipstream_failures_total{stage=\"relay\",side=\"upstream\",reason=\"reset\"} 1",
                "slipstream_failures_total{stage=\"tunnel\",side=\"downstream\",reason=\"tls_closed\"} 2",
            ])
    }

    @Test func `bytes are counted while a connection goes on, and each once`() {
        var metrics = TrafficMetrics()
        let shop = Shop()
        var record = ConnectionRecord(.inbound, client: SocketAddress("10.244.1.2:40000")!, nowNanoseconds: 0)
        record.facts.source = shop.entry("frontend")
        record.stage = .relay
        metrics.opened(record.facts)
        for bytes in [0, 10, 10, 25] as [UInt64] {
            record.facts.note((up: bytes, down: 2 * bytes))
            metrics.progressed(&record.facts)
            #expect(sum("istio_tcp_received_bytes_total", page(metrics)) == Int(bytes))
            #expect(sum("istio_tcp_sent_bytes_total", page(metrics)) == 2 * Int(bytes))
        }
        record.facts.note((up: 30, down: 100))
        let denial = ConnectionFailure(.policyChanged(.init(.noneAllowed)), at: .relay, by: .mesh)
        metrics.closed(record.finish(denial, nowNanoseconds: 1))
        let lines = page(metrics)
        #expect(sum("istio_tcp_received_bytes_total", lines) == 30)
        #expect(sum("istio_tcp_sent_bytes_total", lines) == 100)
        #expect(lines.contains { $0.contains("\"DENY\"") && $0.hasPrefix("istio_tcp_sent_") && $0.hasSuffix(" 50") })
    }

    @Test func `one workload is one series, whichever configuration it was known by`() {
        var metrics = TrafficMetrics()
        for _ in 0..<5 { record(&metrics, in: Shop()) }
        metrics.configurationChanged()
        record(&metrics)
        #expect(metrics.series.count == 1 && metrics.series[0].opened == 6)
    }

    @Test func `tables of several reactors add up`() {
        var (one, two) = (TrafficMetrics(), TrafficMetrics())
        record(&one)
        record(&two)
        record(&two) { $0.direction = .outbound }
        one.add(two)
        #expect(one.series.map(\.opened).sorted() == [1, 2])
        #expect(sum("istio_tcp_connections_opened_total", page(one)) == 3)
    }

    @Test func `peers that invent names do not grow the table without end`() {
        var metrics = TrafficMetrics()
        for number in 0..<10_000 {
            record(&metrics) {
                $0.source = nil
                $0.sourceBaggage = Baggage("k8s.pod.name=\(number)")
            }
        }
        #expect(metrics.series.count == 4096)
        #expect(sum("istio_tcp_connections_opened_total", page(metrics)) == 10_000)
        #expect(page(metrics).contains { $0.contains("source_workload=\"overflow\"") })
    }

    @Test func `label values are escaped`() {
        var metrics = TrafficMetrics()
        record(&metrics) {
            $0.source = nil
            $0.sourceBaggage = Baggage("")
            $0.sourceBaggage?.workloadName = "a\"b\\c\nd"
        }
        #expect(page(metrics).contains { $0.contains(#"source_workload="a\"b\\c\nd""#) })
    }
}
