/// An HTTP answer that has come as a whole, up to the end of its connection (RFC 9112). Pure.
struct HTTPAnswer: Hashable {
    enum Fault: Error, Hashable {
        case malformed
        /// It ends before it has said all that it announced.
        case cut
    }

    let status: Int
    let body: [UInt8]

    init(_ bytes: [UInt8]) throws(Fault) {
        guard let end = Self.headEnd(of: bytes) else { throw bytes.isEmpty ? .cut : .malformed }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]), (200...599).contains(status)
        else { throw .malformed }
        self.status = status
        let rest = bytes[(end + 4)...]
        let length = try Self.length(lines.dropFirst()) ?? rest.count
        guard rest.count >= length else { throw .cut }
        guard rest.count == length else { throw .malformed }
        body = Array(rest)
    }

    private static func headEnd(of bytes: [UInt8]) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        guard bytes.count >= end.count else { return nil }
        return (0...(bytes.count - end.count)).first { Array(bytes[$0..<($0 + end.count)]) == end }
    }

    /// Nil when the end of the connection is the end of the body. One in pieces comes from no server that is asked here.
    private static func length(_ headers: ArraySlice<Substring>) throws(Fault) -> Int? {
        var length: Int?
        for header in headers {
            guard let colon = header.firstIndex(of: ":") else { throw .malformed }
            let value = header[header.index(after: colon)...].drop { $0 == " " }
            switch header[..<colon].lowercased() {
            case "content-length":
                guard let number = Int(value), number >= 0, length == nil else { throw .malformed }
                length = number
            case "transfer-encoding": throw .malformed
            default: continue
            }
        }
        return length
    }
}
