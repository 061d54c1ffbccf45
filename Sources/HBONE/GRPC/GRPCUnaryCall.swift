/// A call with one message each way.
package final class GRPCUnaryCall: GRPCCallObserver {
    private var answer: ((Result<[UInt8], GRPCStatus>) -> Void)?
    private var message: [UInt8]?
    private var call: GRPCCall?

    /// The answer comes exactly once, at the latest when the time is over.
    package init(
        _ method: String, _ request: [UInt8], metadata: [(name: String, value: String)], on connection: GRPCConnection,
        answerLimitBytes: Int, deadlineMilliseconds: UInt64,
        _ answer: @escaping (Result<[UInt8], GRPCStatus>) -> Void
    ) {
        self.answer = answer
        call = connection.call(
            method, metadata: metadata, messageLimitBytes: answerLimitBytes,
            deadlineMilliseconds: deadlineMilliseconds, observer: self)
        call?.send(request)
        call?.finish()
        if call == nil { finish(.failure(GRPCStatus(.unavailable, "the connection takes no more calls"))) }
    }

    package func call(_ call: GRPCCall, received message: [UInt8]) {
        guard self.message == nil else {
            finish(.failure(GRPCStatus(.internal, "the server answered twice")))
            return call.cancel()
        }
        self.message = message
    }

    package func callEnded(_ call: GRPCCall, _ status: GRPCStatus) {
        guard status.isOK else { return finish(.failure(status)) }
        guard let message else { return finish(.failure(GRPCStatus(.internal, "the server answered nothing"))) }
        finish(.success(message))
    }

    private func finish(_ result: Result<[UInt8], GRPCStatus>) {
        let answer = answer
        self.answer = nil
        call = nil
        answer?(result)
    }
}
