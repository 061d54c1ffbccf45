import Testing

@testable import CommandLine

struct HTTPAnswerTests {
    private func answer(_ text: String) throws -> HTTPAnswer { try HTTPAnswer(Array(text.utf8)) }

    @Test func `a body is as long as its head says, or as the connection lasts`() throws {
        let told = try answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nhi")
        #expect(told.status == 200 && told.body == Array("hi".utf8))
        let untold = try answer("HTTP/1.0 404 Not Found\r\n\r\ngone")
        #expect(untold.status == 404 && untold.body == Array("gone".utf8))
        #expect(try answer("HTTP/1.1 200\r\ncontent-length:0\r\n\r\n").body.isEmpty)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"])
    func `an answer that ends too early is cut`(text: String) {
        #expect(throws: HTTPAnswer.Fault.cut) { try answer(text) }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 99 x\r\n\r\n",
        "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    ])
    func `what is no answer is told as such`(text: String) {
        #expect(throws: HTTPAnswer.Fault.malformed) { try answer(text) }
    }

    @Test func `names travel in a query whatever they are made of`() {
        #expect(HTTPQuestion.path("/api/x", [:]) == "/api/x")
        #expect(
            HTTPQuestion.path("/api/x", ["name": "a b&c=d", "kind": "Pod"]) == "/api/x?kind=Pod&name=a%20b%26c%3Dd")
    }
}
