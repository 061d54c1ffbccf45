import Foundation
import Reactor

/// One question to the controller, over its socket: an HTTP request on a connection of its own, on the reactor. It stays
/// alive by its timer and its place in the reactor.
final class ControllerQuestion: EventHandler {
    private static let limitMilliseconds: UInt64 = 3_000
    private static let limitBytes = 16 << 20

    private let reactor: Reactor
    private var answered: ((Data?) -> Void)?
    private var socket: Descriptor?
    private var token: Token?
    private var timer: Reactor.TimerID?
    private var received = Data()

    /// - Parameter answered: called once, later, with the body of an answer of 200; with nil when none came in time.
    static func ask(
        _ path: String, at socket: String, on reactor: Reactor, answered: @escaping (Data?) -> Void
    ) {
        ControllerQuestion(reactor, answered).begin(path, at: socket)
    }

    private init(_ reactor: Reactor, _ answered: @escaping (Data?) -> Void) {
        self.reactor = reactor
        self.answered = answered
    }

    private func begin(_ path: String, at address: String) {
        timer = reactor.after(milliseconds: Self.limitMilliseconds) { self.finish(nil) }
        do throws(Errno) {
            let socket = try LocalSocket.connect(to: address, isBlocking: false)
            token = try reactor.watch(socket.raw, for: self)
            let request = Array("GET \(path) HTTP/1.1\r\nhost: controller\r\nconnection: close\r\n\r\n".utf8)
            // A new socket has room for it.
            _ = try Bytes.write(socket.raw, request[...])
            self.socket = consume socket
        } catch {
            fail()
        }
    }

    /// Later, so that nobody is answered while he asks.
    private func fail() {
        if let timer { reactor.cancel(timer) }
        timer = reactor.after(milliseconds: 1) { self.finish(nil) }
    }

    func ready(_ readiness: Readiness) {
        guard let raw = socket?.raw else { return }
        do throws(Errno) {
            while received.count < Self.limitBytes {
                switch try Bytes.read(raw, limitBytes: 64 << 10) {
                case .bytes(let bytes): received += bytes
                case .wouldBlock: return
                case .ended: return finish(HTTPAnswer.body(of: received))
                }
            }
            finish(nil)
        } catch {
            finish(nil)
        }
    }

    private func finish(_ body: Data?) {
        if let token { reactor.forget(token) }
        if let timer { reactor.cancel(timer) }
        (token, timer) = (nil, nil)
        socket = nil
        answered.take()?(body)
    }
}

/// An HTTP answer that has come as a whole (RFC 9112). Pure.
enum HTTPAnswer {
    /// What an answer of 200 says; nil for any other, and for one that was cut.
    static func body(of answer: Data) -> Data? {
        guard let end = answer.firstRange(of: Data("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let status = head.first?.split(separator: " "), status.count >= 2, status[1] == "200" else { return nil }
        let lengths = head.dropFirst().compactMap { line -> Int? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { return nil }
            return Int(parts[1].trimmingCharacters(in: .whitespaces))
        }
        let body = answer[end.upperBound...]
        guard lengths.count == 1, lengths[0] == body.count else { return nil }
        return Data(body)
    }
}
