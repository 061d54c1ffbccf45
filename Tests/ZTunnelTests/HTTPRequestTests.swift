import Testing

@testable import ZTunnel

private func parse(_ text: String) -> HTTPRequestParser.Outcome {
    var parser = HTTPRequestParser()
    return parser.take(Array(text.utf8))
}

struct HTTPRequestTests {
    @Test func `a request is its method, path and query`() {
        #expect(
            parse("GET /config_dump?a=b?c HTTP/1.1\r\nHost: x\r\n\r\n")
                == .request(HTTPRequest(method: .get, path: "/config_dump", query: "a=b?c")))
        #expect(
            parse("POST / HTTP/1.0\r\nhost:\r\nORIGIN: http://x\r\nContent-Length: 0\r\n\r\n")
                == .request(HTTPRequest(method: .post, path: "/", query: "", hasOrigin: true)))
    }

    @Test func `a request may come byte by byte`() {
        var parser = HTTPRequestParser()
        let bytes = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        for byte in bytes.dropLast() { #expect(parser.take([byte]) == .incomplete) }
        #expect(parser.take([bytes.last!]) == .request(HTTPRequest(method: .get, path: "/", query: "")))
    }

    @Test func `what comes after the head is passed over`() {
        #expect(
            parse("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /quitquitquit")
                == .request(HTTPRequest(method: .get, path: "/", query: "")))
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET /\r\nHost: x\r\n\r\n", 400),
        ("GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400), ("GET / HTTP/1.1\nHost: x\n\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\0\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: ä\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n", 400), ("\r\n\r\n", 400), ("\u{16}\u{3}\u{1}\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505), ("PRI * HTTP/2.0\r\n\r\n", 400),
        ("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 501), ("get / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        ("GET /" + String(repeating: "a", count: 8200), 431),
        ("GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "a: b\r\n", count: 100) + "\r\n", 431),
    ])
    func `what is malformed is refused`(text: String, status: Int) {
        #expect(parse(text) == .refused(status: status))
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `garbage is refused or waits for more, within bounds`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var parser = HTTPRequestParser()
        var outcome = HTTPRequestParser.Outcome.incomplete
        let alphabet: [UInt8] = Array("GET / HTTP/1.1\r\n: hosT".utf8) + [0, 0xff]
        for _ in 0..<300 where outcome == .incomplete {
            outcome = parser.take((0..<40).map { _ in alphabet.randomElement(using: &random)! })
        }
        #expect(outcome != .incomplete)
    }

    @Test func `an answer tells its length and ends the connection`() {
        let response = HTTPResponse("ready\n")
        #expect(
            String(decoding: response.bytes(hasBody: true), as: UTF8.self)
                == "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 6\r\n"
                + "connection: close\r\ncache-control: no-store\r\n\r\nready\n")
        #expect(!String(decoding: response.bytes(hasBody: false), as: UTF8.self).hasSuffix("ready\n"))
    }
}
