import CNghttp2
import Glibc

/// What nghttp2 calls, each a thin way to the tunnel or stream that it is for. Made once, never changed.
nonisolated(unsafe) let http2Callbacks: OpaquePointer? = {
    var made: OpaquePointer?
    guard unsafe nghttp2_session_callbacks_new(&made) == 0, let callbacks = unsafe made else { return nil }
    unsafe setSending(callbacks)
    unsafe setReceiving(callbacks)
    return unsafe callbacks
}()

private func withTunnel<Result>(_ owner: UnsafeMutableRawPointer?, _ body: (Tunnel) -> Result) -> Result {
    unsafe Unmanaged<Tunnel>.fromOpaque(owner!)._withUnsafeGuaranteedRef { body($0) }
}

private func stream(_ session: OpaquePointer?, _ id: Int32) -> TunnelStream? {
    guard let owner = unsafe nghttp2_session_get_stream_user_data(session, id) else { return nil }
    return unsafe Unmanaged<TunnelStream>.fromOpaque(owner).takeUnretainedValue()
}

// MARK: - Out

/// The body of a stream: the application's bytes, left where their frame will be (NGHTTP2_DATA_FLAG_NO_COPY).
let readApplication: nghttp2_data_source_read_callback = { session, id, _, limit, flags, _, owner in
    guard let stream = unsafe stream(session, id) else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    switch unsafe withTunnel(owner, { $0.fill(stream, limit) }) {
    case .filled(let count):
        unsafe flags!.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
        return count
    case .ended:
        unsafe flags!.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue | NGHTTP2_DATA_FLAG_EOF.rawValue)
        return 0
    case .deferred: return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    case .pause: return Int(NGHTTP2_ERR_PAUSE.rawValue)
    }
}

private func setSending(_ callbacks: OpaquePointer) {
    unsafe nghttp2_session_callbacks_set_send_callback(callbacks) { _, bytes, count, _, owner in
        unsafe withTunnel(owner) { tunnel in
            guard tunnel.mayWrite else { return Int(NGHTTP2_ERR_WOULDBLOCK.rawValue) }
            unsafe tunnel.write(frame: UnsafeRawBufferPointer(start: bytes, count: count))
            return count
        }
    }
    unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, count, _, owner in
        unsafe withTunnel(owner) { tunnel in
            unsafe tunnel.commitData(header: UnsafeRawPointer(header!), count)
            return 0
        }
    }
    // As much as both windows and the peer's frame size allow, up to one batch.
    unsafe nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks) {
        _, _, _, connectionWindow, streamWindow, frameSize, _ in
        min(Int(connectionWindow), Int(streamWindow), Int(frameSize), TunnelScratch.frameSize)
    }
}

// MARK: - In

private func setReceiving(_ callbacks: OpaquePointer) {
    unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, owner in
        let header = unsafe header!.pointee
        let isAdmitted =
            switch UInt32(header.type) {
            case NGHTTP2_RST_STREAM.rawValue: unsafe withTunnel(owner) { $0.admitsReset() }
            case _ where HTTP2Session.movesNothing(header): unsafe withTunnel(owner) { $0.admitsIdleFrame() }
            default: true
            }
        return isAdmitted ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }
    // RFC 9113 §5.5: frames of unknown types are passed over.
    unsafe nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks) { _, _, _, _, _ in
        NGHTTP2_ERR_CANCEL.rawValue
    }
    unsafe nghttp2_session_callbacks_set_unpack_extension_callback(callbacks) { _, _, _, _ in
        NGHTTP2_ERR_CANCEL.rawValue
    }
    // What is wrong with a stream alone is answered with its reset, which is work too.
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, owner in
        unsafe withTunnel(owner) { $0.admitsIdleFrame() } ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }
    unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, owner in
        unsafe withTunnel(owner) { tunnel in
            let isRequest = unsafe frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
            if isRequest { unsafe tunnel.beginRequest(frame!.pointee.hd.stream_id) }
            return 0
        }
    }
    unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
        session, frame, name, nameCount, value, valueCount, _, owner in
        guard let stream = unsafe stream(session, frame!.pointee.hd.stream_id) else { return 0 }
        guard stream.admitsHeader(name: nameCount, value: valueCount) else {
            // The stream is reset; the tunnel goes on, unless there have been many.
            let isAdmitted = unsafe withTunnel(owner) { $0.admitsIdleFrame() }
            return (isAdmitted ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : NGHTTP2_ERR_CALLBACK_FAILURE).rawValue
        }
        let name = unsafe UnsafeBufferPointer(start: name, count: nameCount)
        let value = unsafe UnsafeBufferPointer(start: value, count: valueCount)
        switch unsafe frame!.pointee.headers.cat {
        case NGHTTP2_HCAT_REQUEST: unsafe stream.request.note(name, value)
        // After an interim answer the real one is of no category of its own.
        case _ where stream.awaitsAnswer: unsafe stream.response.note(name, value)
        default: break
        }
        return 0
    }
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { session, _, id, bytes, count, owner in
        let stream = unsafe stream(session, id)
        return unsafe withTunnel(owner) { tunnel in
            unsafe tunnel.received(UnsafeRawBufferPointer(start: bytes, count: count), for: stream)
            return 0
        }
    }
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { session, frame, owner in
        unsafe withTunnel(owner) { tunnel in unsafe received(frame!, tunnel, session) }
        return 0
    }
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { session, id, code, owner in
        guard let stream = unsafe stream(session, id) else { return 0 }
        unsafe withTunnel(owner) { $0.streamClosed(stream, code: code) }
        return 0
    }
}

private func received(_ frame: UnsafePointer<nghttp2_frame>, _ tunnel: Tunnel, _ session: OpaquePointer?) {
    let header = unsafe frame.pointee.hd
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
        guard let stream = unsafe stream(session, header.stream_id) else { return }
        switch unsafe frame.pointee.headers.cat {
        case NGHTTP2_HCAT_REQUEST: tunnel.requestComplete(stream)
        case _ where stream.awaitsAnswer: stream.answered()
        default: break
        }
        if header.endsStream {
            // Trailers: bytes may have come before them.
            tunnel.passReceivedOn()
            stream.peerEnded()
        }
    case NGHTTP2_DATA.rawValue where header.endsStream:
        tunnel.passReceivedOn()
        unsafe stream(session, header.stream_id)?.peerEnded()
    case NGHTTP2_PING.rawValue where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0: tunnel.pingAnswered()
    case NGHTTP2_GOAWAY.rawValue: tunnel.peerGoesAway()
    case NGHTTP2_SETTINGS.rawValue where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0: tunnel.peerLimitChanged()
    default: break
    }
}

extension nghttp2_frame_hd {
    fileprivate var endsStream: Bool { flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 }
}

// MARK: - Headers

extension ConnectRequest {
    /// A header field of a peer's request, within the bound of `admitsHeader`.
    fileprivate mutating func note(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        switch unsafe HeaderName(name) {
        case .method: unsafe method = text(value)
        case .authority: unsafe authority = text(value)
        case .baggage:
            // Several lines are one list (RFC 9110 §5.3).
            let more = unsafe text(value)
            baggage = baggage.map { $0 + "," + more } ?? more
        case .forwarded: unsafe forwarded = text(value)
        case .traceparent: unsafe traceparent = text(value)
        case .forwardedNetwork: unsafe forwardedNetwork = text(value)
        case .status, nil: break
        }
    }
}

extension ConnectResponse {
    fileprivate mutating func note(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        switch unsafe HeaderName(name) {
        case .status: unsafe status = Int(text(value)) ?? 0
        case .baggage: unsafe baggage = text(value)
        default: break
        }
    }
}

/// The field names that mean something to us; HTTP/2 has them in lower case (RFC 9113 §8.2).
private enum HeaderName: String {
    case method = ":method"
    case authority = ":authority"
    case status = ":status"
    case baggage, forwarded, traceparent
    case forwardedNetwork = "x-forwarded-network"

    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.init(rawValue: unsafe text(bytes))
    }
}

/// Invalid UTF-8 becomes replacement characters, which no parser of ours accepts.
private func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String { unsafe String(decoding: bytes, as: UTF8.self) }
