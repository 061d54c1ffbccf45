import Mesh

/// The head of an HTTP/1.1 request (RFC 9112), read strictly and within bounds. A pure value: bytes in, a request or a
/// refusal out.
package struct HTTPRequest: Hashable, Sendable {
    package enum Method: String, Hashable, Sendable { case get = "GET", head = "HEAD", post = "POST" }

    package var method: Method
    /// Without the query.
    package var path: String
    /// What follows the question mark, as it came.
    package var query: String
    /// Sent by browsers on behalf of a page (RFC 6454 §7).
    package var hasOrigin = false

    /// The value of a parameter of the query, decoded; nil when it has none, or one that cannot be decoded.
    package func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

    package func hasParameter(_ name: String) -> Bool { parameters.contains { $0.name == name } }

    private var parameters: [(name: Substring, value: String?)] {
        query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0], parts.count == 2 ? Self.percentDecoded(parts[1]) : nil)
        }
    }

    /// RFC 3986 §2.1.
    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = String(rest.prefix(2)), digits.utf8.count == 2, let decoded = UInt8(digits, radix: 16),
                digits.utf8.first != UInt8(ascii: "+")
            else { return nil }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// Takes a request's bytes as they come.
package struct HTTPRequestParser {
    package enum Outcome: Hashable {
        case incomplete
        case request(HTTPRequest)
        /// With the status of the answer.
        case refused(status: Int)
    }

    package static let headBytesMax = 8192
    private static let fieldsMax = 100

    private var bytes: [UInt8] = []
    /// How much of the end of the head (CR LF CR LF) the last bytes are.
    private var endBytes = 0

    package init() {}

    /// Bytes that come after the head are ignored: no request here has content, and each connection carries one.
    package mutating func take(_ more: [UInt8]) -> Outcome {
        for byte in more {
            guard bytes.count < Self.headBytesMax else { return .refused(status: 431) }
            bytes.append(byte)
            endBytes = byte == (endBytes % 2 == 0 ? 13 : 10) ? endBytes + 1 : byte == 13 ? 1 : 0
            if endBytes == 4 { return Self.parse(bytes.dropLast(4)) }
        }
        return .incomplete
    }

    private static func parse(_ head: ArraySlice<UInt8>) -> Outcome {
        // No bare CR or LF, no other control characters, nothing beyond ASCII.
        guard let lines = lines(of: head), let first = lines.first else { return .refused(status: 400) }
        let outcome = requestLine(first)
        guard case .request(var request) = outcome else { return outcome }
        guard lines.count <= fieldsMax + 1 else { return .refused(status: 431) }
        var hasHost = false
        for line in lines.dropFirst() {
            guard let (name, value) = field(line) else { return .refused(status: 400) }
            switch name {
            case "host" where hasHost: return .refused(status: 400)
            case "host": hasHost = true
            case "origin": request.hasOrigin = true
            case "transfer-encoding": return .refused(status: 411)
            case "content-length" where value != "0": return .refused(status: 413)
            default: continue
            }
        }
        return hasHost ? .request(request) : .refused(status: 400)
    }

    private static func lines(of head: ArraySlice<UInt8>) -> [String]? {
        var lines: [String] = []
        var rest = head
        while true {
            let line = rest.prefix { $0.isPrintable || $0 == 0x09 }
            lines.append(String(decoding: line, as: UTF8.self))
            rest = rest.dropFirst(line.count)
            if rest.isEmpty { return lines }
            guard rest.starts(with: [13, 10]) else { return nil }
            rest = rest.dropFirst(2)
        }
    }

    private static func requestLine(_ line: String) -> Outcome {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].hasPrefix("/") else { return .refused(status: 400) }
        guard parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0" else { return .refused(status: 505) }
        guard let method = HTTPRequest.Method(rawValue: String(parts[0])) else { return .refused(status: 501) }
        let target = parts[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return .request(
            HTTPRequest(method: method, path: String(target[0]), query: target.count == 2 ? String(target[1]) : ""))
    }

    /// The name in lower case; blanks around the value are no part of it. A line that continues another is refused.
    private static func field(_ line: String) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let name = line[..<colon]
        guard !name.isEmpty, name.utf8.allSatisfy(\.isToken) else { return nil }
        return (name.lowercased(), String(line[line.index(after: colon)...].trimmed))
    }
}

/// An answer, sent whole; the connection closes after it.
package struct HTTPResponse: Hashable, Sendable {
    package var status: Int
    package var contentType: String
    package var body: [UInt8]
    package var allowedMethods: String?

    package init(status: Int = 200, contentType: String = "text/plain; charset=utf-8", body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package init(status: Int = 200, _ text: String) {
        self.init(status: status, body: Array(text.utf8))
    }

    package static let notFound = HTTPResponse(status: 404, "not found\n")

    package static func methodNotAllowed(_ allowed: String) -> HTTPResponse {
        var response = HTTPResponse(status: 405, "method not allowed\n")
        response.allowedMethods = allowed
        return response
    }

    /// - Parameter hasBody: false for the answer to a HEAD, which tells of the body only.
    func bytes(hasBody: Bool) -> [UInt8] {
        var head = "HTTP/1.1 \(status) \(reason)\r\ncontent-type: \(contentType)\r\n"
        head += "content-length: \(body.count)\r\nconnection: close\r\ncache-control: no-store\r\n"
        if let allowedMethods { head += "allow: \(allowedMethods)\r\n" }
        return Array((head + "\r\n").utf8) + (hasBody ? body : [])
    }

    private var reason: String {
        switch status {
        case 200: return "OK"
        case 400: return "Bad Request"
        case 403: return "Forbidden"
        case 404: return "Not Found"
        case 405: return "Method Not Allowed"
        case 408: return "Request Timeout"
        case 411: return "Length Required"
        case 413: return "Content Too Large"
        case 431: return "Request Header Fields Too Large"
        case 500: return "Internal Server Error"
        case 501: return "Not Implemented"
        case 503: return "Service Unavailable"
        case 505: return "HTTP Version Not Supported"
        default: return "Unknown"
        }
    }
}
