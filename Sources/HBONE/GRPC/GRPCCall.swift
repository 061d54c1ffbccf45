import Glibc
import Reactor

/// Who is told what comes of a call.
package protocol GRPCCallObserver: AnyObject {
    func call(_ call: GRPCCall, received message: [UInt8])
    /// Called exactly once, and last.
    func callEnded(_ call: GRPCCall, _ status: GRPCStatus)
}

/// One call: messages both ways on one stream, and a status at the end.
///
/// What it holds is bounded: of what has come, a window's bytes and the one message that is not whole; of what is to go, what
/// its owner gave it. Owned by its connection's reactor; never crosses threads.
@safe package final class GRPCCall {
    private let connection: GRPCConnection
    private(set) var id: Int32 = 0
    /// Until the call has ended.
    private var observer: (any GRPCCallObserver)?

    // In.
    private var reader: GRPCMessageReader
    private var headers = GRPCResponseHeaders()
    /// What the stream's end means; told once every message before it is.
    private var ending: GRPCStatus?
    /// Received while paused: their window is not given back yet.
    private var heldBytes = 0
    private(set) var isDirty = false

    // Out.
    private var outgoing = PendingBytes()
    private var isFinished = false
    private var isDeferred = false

    private var deadline: Reactor.TimerID?

    init(_ connection: GRPCConnection, messageLimitBytes: Int, observer: any GRPCCallObserver) {
        self.connection = connection
        self.observer = observer
        reader = GRPCMessageReader(limitBytes: messageLimitBytes)
    }

    func opened(as id: Int32) { self.id = id }

    func expire(_ timer: Reactor.TimerID) { deadline = timer }

    // MARK: Out

    /// Bytes that the server has not taken.
    package var unsentBytes: Int { outgoing.count }

    package func send(_ message: [UInt8]) {
        guard observer != nil, !isFinished else { return }
        append(GRPCMessageReader.prefix(ofMessage: message.count))
        append(message)
        resume()
    }

    /// Nothing more will be sent.
    package func finish() {
        isFinished = true
        resume()
    }

    private func append(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe outgoing.append($0) } }

    private func resume() {
        guard isDeferred else { return connection.schedule() }
        isDeferred = false
        connection.resume(self)
    }

    enum Filling { case filled(Int), ended(Int), deferred }

    /// Called by nghttp2 when it may send.
    func fill(_ room: UnsafeMutableRawBufferPointer) -> Filling {
        let bytes = unsafe outgoing.bytes
        let count = min(bytes.count, room.count)
        if count > 0 { unsafe memcpy(room.baseAddress!, bytes.baseAddress!, count) }
        outgoing.drop(count)
        if isFinished, outgoing.isEmpty { return .ended(count) }
        isDeferred = count == 0
        return count == 0 ? .deferred : .filled(count)
    }

    // MARK: In

    /// While it is, messages wait, and the server is given no more window than it had.
    package var isPaused = false {
        didSet { if oldValue, !isPaused { connection.deliverLater(self) } }
    }

    /// A header field, of the beginning or of the trailers: false when there are more than we announced to take.
    func note(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe headers.note(name, value)
    }

    /// Bytes of a DATA frame; the connection gives back window for as many as are returned.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        isDirty = true
        guard ending == nil else { return bytes.count }
        do throws(GRPCStatus) {
            try headers.checkMessages()
            try unsafe reader.take([UInt8](bytes))
        } catch {
            ending = error
            return bytes.count
        }
        guard isPaused else { return bytes.count }
        heldBytes += bytes.count
        return 0
    }

    /// The server has said all.
    func peerEnded() {
        isDirty = true
        if ending == nil { ending = headers.status(isWithinMessage: reader.isWithinMessage) }
    }

    /// nghttp2 has closed the stream.
    func closed(code: UInt32) {
        isDirty = true
        if ending == nil { ending = GRPCStatus(reset: code) }
    }

    /// The connection is gone.
    func lost(_ failure: GRPCFailure) {
        isPaused = false
        if ending == nil { ending = failure.status }
        deliver()
    }

    /// Tells what has come. nghttp2 is not on the stack.
    func deliver() {
        isDirty = false
        while !isPaused, let observer, let message = reader.next() { observer.call(self, received: message) }
        guard !isPaused else { return }
        if heldBytes > 0 {
            let bytes = heldBytes
            heldBytes = 0
            connection.returnWindow(of: self, bytes)
        }
        if let ending { end(ending) }
    }

    // MARK: Ending

    /// Ends the call now; its observer hears of it.
    package func cancel() { end(GRPCStatus(.cancelled, "cancelled")) }

    func timedOut() {
        deadline = nil
        end(GRPCStatus(.deadlineExceeded, "no answer in time"))
    }

    private func end(_ status: GRPCStatus) {
        guard let observer else { return }
        self.observer = nil
        if let deadline { connection.cancel(deadline) }
        outgoing.removeAll()
        connection.ended(self, heldBytes: heldBytes)
        heldBytes = 0
        observer.callEnded(self, status)
    }
}

@available(*, unavailable)
extension GRPCCall: Sendable {}
