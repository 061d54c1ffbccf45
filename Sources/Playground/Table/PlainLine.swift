import Mesh

/// A connection as one line for pipes and files: every field in full, in a fixed order.
enum PlainLine {
    static func text(for connection: Connection) -> String {
        var fields: [(String, String)] = [
            ("time", connection.time),
            ("verdict", connection.verdict.word),
            ("src", connection.source.title),
            ("src.addr", connection.source.address?.description ?? ""),
            ("src.identity", connection.source.identity),
            ("dst", connection.destination.title),
            ("dst.addr", connection.destination.address?.description ?? ""),
            ("dst.identity", connection.destination.identity),
            ("service", connection.service),
            ("security", connection.isMutualTLS ? "mtls" : "plaintext"),
            ("tls.version", connection.tlsVersion),
            ("tls.cipher", connection.tlsCipher),
            ("policy", connection.policy ?? ""),
            ("policy.rule", connection.policyRule ?? ""),
            ("policy.reason", connection.policyReason ?? ""),
            ("policy.nearest", connection.nearestRule ?? ""),
            ("bytes_recv", String(connection.bytesReceived)),
            ("bytes_sent", String(connection.bytesSent)),
            ("duration", "\(connection.durationMilliseconds)ms"),
        ]
        if case .failed(let reason) = connection.verdict { fields.append(("error", reason)) }
        return fields.filter { !$0.1.isEmpty }.map { "\($0.0)=\(quoted($0.1))" }.joined(separator: " ")
    }

    private static func quoted(_ text: String) -> String {
        text.contains { $0 == " " || $0 == "\"" }
            ? "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" : text
    }
}

extension Connection.Verdict {
    var word: String {
        switch self {
        case .served: "served"
        case .denied: "denied"
        case .failed: "failed"
        }
    }
}
