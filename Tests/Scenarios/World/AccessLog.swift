import Foundation

/// One line of ztunnel's access log, every value as text.
struct AccessLogLine: CustomStringConvertible {
    private let fields: [String: String]

    init?(json line: Substring) {
        guard let parsed = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            parsed["scope"] as? String == "access"
        else { return nil }
        fields = parsed.mapValues { "\($0)" }
    }

    subscript(_ field: String) -> String? { fields[field] }

    var isInbound: Bool { self["direction"] == "inbound" }
    var isOutbound: Bool { self["direction"] == "outbound" }
    var failed: Bool { self["message"] == "connection failed" || self["error"] != nil }

    var description: String {
        fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}

/// A ztunnel whose access log can be read.
protocol ConnectionTeller {
    /// Where all that it says goes.
    var ztunnelLog: String { get }
}

extension ConnectionTeller {
    /// The lines of its log in which a text occurs.
    func lines(with text: String) throws -> [String] {
        try String(contentsOfFile: ztunnelLog, encoding: .utf8).split(separator: "\n").map(String.init).filter {
            $0.contains(text)
        }
    }

    func accessLog() throws -> [AccessLogLine] {
        try String(contentsOfFile: ztunnelLog, encoding: .utf8).split(separator: "\n").compactMap(
            AccessLogLine.init(json:))
    }
}
