import Foundation
import Reactor

/// One request on a connection of its own, and its answer.
struct HTTPQuestion {
    private static let limitBytes = 256 << 20

    /// With its query.
    let path: String

    /// - Throws: `Errno` or `HTTPAnswer.Fault`.
    func ask(on socket: consuming Descriptor) throws -> HTTPAnswer {
        // Whoever reads no further must not end this program.
        signal(SIGPIPE, SIG_IGN)
        let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        try Descriptor.writeAll(Array(request.utf8), to: socket.raw)
        var bytes: [UInt8] = []
        while true {
            switch try Bytes.read(socket.raw, limitBytes: 64 << 10) {
            case .bytes(let more):
                guard bytes.count + more.count <= Self.limitBytes else { throw HTTPAnswer.Fault.malformed }
                bytes += more
            case .wouldBlock: throw Errno.timedOut
            case .ended: return try HTTPAnswer(bytes)
            }
        }
    }

    static func path(_ path: String, _ parameters: [String: String]) -> String {
        guard !parameters.isEmpty else { return path }
        let query = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\(escaped($0.value))" }
        return "\(path)?\(query.joined(separator: "&"))"
    }

    /// The unreserved characters stand for themselves (RFC 3986 §2.3).
    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
