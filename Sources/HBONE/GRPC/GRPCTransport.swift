import Reactor

/// What carries a connection's bytes.
enum GRPCTransport {
    case plain(PlainSession)
    case secure(TLSSession)

    var isBlocked: Bool {
        switch self {
        case .plain(let session): session.isBlocked
        case .secure(let session): session.isBlocked
        }
    }

    func handshake() -> TLSSession.Progress {
        switch self {
        case .plain: .established
        case .secure(let session): session.handshake()
        }
    }

    func noteReadable(_ readiness: Readiness) {
        if case .secure(let session) = self { session.noteReadable(readiness) }
    }

    func read(into room: UnsafeMutableRawBufferPointer) -> TLSSession.Reading {
        switch self {
        case .plain(let session): unsafe session.read(into: room)
        case .secure(let session): unsafe session.read(into: room)
        }
    }

    /// False when the session is broken.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .plain(let session):
            unsafe session.write(bytes)
            return true
        case .secure(let session): return unsafe session.write(bytes)
        }
    }

    func flush() {
        switch self {
        case .plain(let session): session.flush()
        case .secure(let session): session.flush()
        }
    }

    /// The socket takes bytes again.
    func resume() {
        switch self {
        case .plain(let session): session.flush()
        case .secure(let session): session.resume()
        }
    }

    func close() {
        switch self {
        case .plain(let session): session.close()
        case .secure(let session): session.close()
        }
    }
}
