import ZTunnel

extension FuzzEntry {
    /// The first byte says in how large pieces the rest arrives, which must not matter.
    static let adminRequest = FuzzEntry(pure: "admin-request", inputLimitBytes: 12 * 1024) { bytes throws(FuzzFault) in
        let request = Array(bytes.dropFirst())
        let whole = outcome([request])
        let pieces = stride(from: 0, to: request.count, by: Int(bytes.first ?? 0) + 1).map { start in
            Array(request[start..<min(start + Int(bytes[0]) + 1, request.count)])
        }
        guard outcome(pieces) == whole else { throw FuzzFault("\(outcome(pieces)) in pieces, \(whole) whole") }
        if whole == .incomplete, request.count > HTTPRequestParser.headBytesMax {
            throw FuzzFault("\(request.count) bytes, and more are waited for")
        }
        if case .request(let request) = whole, let level = request.parameter("level") {
            guard request.hasParameter("level"), level.utf8.count <= request.query.utf8.count else {
                throw FuzzFault("level \(level.debugDescription) from \(request.query)")
            }
        }
        return whole
    }

    private static func outcome(_ pieces: [[UInt8]]) -> HTTPRequestParser.Outcome {
        var parser = HTTPRequestParser()
        for piece in pieces {
            let outcome = parser.take(piece)
            if outcome != .incomplete { return outcome }
        }
        return .incomplete
    }
}
