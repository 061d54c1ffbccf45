import Reactor
/// A page of metrics as it is written (OpenMetrics 1.0).
package struct OpenMetricsText {
    package enum Kind: String { case counter, gauge }

    package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private var text = ByteText(capacity: 65_536)

    package init() {}

    package var bytes: [UInt8] { Array(text.bytes) }

    /// Begins a family; its samples follow.
    package mutating func family(_ name: String, _ kind: Kind, help: String) {
        text.append("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
    }

    /// - Parameter labels: as `Labels.text` gives them; empty for none.
    package mutating func sample(_ name: String, _ kind: Kind, _ labels: [UInt8] = [], _ value: UInt64) {
        text.append(name)
        if kind == .counter { text.append("_total") }
        text.append(contentsOf: labels)
        text.append(UInt8(ascii: " "))
        text.appendDecimal(value)
        text.append(UInt8(ascii: "\n"))
    }

    /// A family of one sample.
    package mutating func single(
        _ name: String, _ kind: Kind, help: String, labels: KeyValuePairs<String, String> = [:], _ value: UInt64
    ) {
        family(name, kind, help: help)
        sample(name, kind, Self.labels(labels.map { $0 }), value)
    }

    /// A counter of seconds, in steps of a microsecond.
    package mutating func seconds(_ name: String, help: String, microseconds: UInt64) {
        family(name, .counter, help: help)
        text.append("\(name)_total ")
        text.appendDecimal(microseconds / 1_000_000)
        text.append(UInt8(ascii: "."))
        text.appendDecimal(microseconds % 1_000_000, digits: 6)
        text.append(UInt8(ascii: "\n"))
    }

    package mutating func end() { text.append("# EOF\n") }

    /// `{name="value",…}`, with values escaped.
    package static func labels(_ pairs: [(key: String, value: String)]) -> [UInt8] {
        guard !pairs.isEmpty else { return [] }
        var text = ByteText()
        for (index, pair) in pairs.enumerated() {
            text.append(index == 0 ? "{" : ",")
            text.append(pair.key)
            text.append("=\"")
            for byte in pair.value.utf8 {
                switch byte {
                case UInt8(ascii: "\\"), UInt8(ascii: "\""): text.append(contentsOf: [UInt8(ascii: "\\"), byte])
                case UInt8(ascii: "\n"): text.append("\\n")
                default: text.append(byte)
                }
            }
            text.append("\"")
        }
        text.append("}")
        return Array(text.bytes)
    }
}

extension OpenMetricsText {
    private static let trafficFamilies:
        [(name: String, help: String, value: @Sendable (TrafficMetrics.Series) -> UInt64)] = [
            ("istio_tcp_connections_opened", "Connections opened", { $0.opened }),
            ("istio_tcp_connections_closed", "Connections closed", { $0.closed }),
            ("istio_tcp_connections_failed", "Connections that could not be established", { $0.failed }),
            ("istio_tcp_received_bytes", "Bytes from client to server", { $0.received }),
            ("istio_tcp_sent_bytes", "Bytes from server to client", { $0.sent }),
        ]

    /// Series that have not counted anything in a family are left out of it.
    package mutating func write(_ traffic: TrafficMetrics) {
        let labels = traffic.series.map { series in
            Self.labels(zip(TrafficLabels.names, series.labels.values).map { ($0, $1) })
        }
        for (name, help, value) in Self.trafficFamilies {
            family(name, .counter, help: help)
            for (series, labels) in zip(traffic.series, labels) where value(series) > 0 {
                sample(name, .counter, labels, value(series))
            }
        }
    }
}
