import CNghttp2
import Glibc

/// What nghttp2 calls for a gRPC client, each a thin way to the connection or call that it is for. Made once, never changed.
nonisolated(unsafe) let grpcCallbacks: OpaquePointer? = {
    var made: OpaquePointer?
    guard unsafe nghttp2_session_callbacks_new(&made) == 0, let callbacks = unsafe made else { return nil }
    unsafe setSending(callbacks)
    unsafe setConduct(callbacks)
    unsafe setReceiving(callbacks)
    return unsafe callbacks
}()

private func withConnection<Result>(_ owner: UnsafeMutableRawPointer?, _ body: (GRPCConnection) -> Result) -> Result {
    unsafe Unmanaged<GRPCConnection>.fromOpaque(owner!)._withUnsafeGuaranteedRef { body($0) }
}

private func call(_ session: OpaquePointer?, _ id: Int32) -> GRPCCall? {
    guard let owner = unsafe nghttp2_session_get_stream_user_data(session, id) else { return nil }
    return unsafe Unmanaged<GRPCCall>.fromOpaque(owner).takeUnretainedValue()
}

// MARK: - Out

/// The body of a request: what the call's owner gave it.
let readMessages: nghttp2_data_source_read_callback = { session, id, room, limit, flags, _, _ in
    guard let call = unsafe call(session, id) else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    switch unsafe call.fill(UnsafeMutableRawBufferPointer(start: room, count: limit)) {
    case .filled(let count): return count
    case .ended(let count):
        unsafe flags!.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
        return count
    case .deferred: return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
}

private func setSending(_ callbacks: OpaquePointer) {
    unsafe nghttp2_session_callbacks_set_send_callback(callbacks) { _, bytes, count, _, owner in
        unsafe withConnection(owner) { connection in
            guard connection.mayWrite else { return Int(NGHTTP2_ERR_WOULDBLOCK.rawValue) }
            unsafe connection.write(UnsafeRawBufferPointer(start: bytes, count: count))
            return count
        }
    }
}

// MARK: - In

/// What a server does that costs us work and moves nothing.
private func setConduct(_ callbacks: OpaquePointer) {
    unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, owner in
        let header = unsafe header!.pointee
        let isWork = HTTP2Session.movesNothing(header) || UInt32(header.type) == NGHTTP2_RST_STREAM.rawValue
        let isAdmitted = unsafe !isWork || withConnection(owner) { $0.admitsIdleFrame() }
        return isAdmitted ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }
    // RFC 9113 §5.5: frames of unknown types are passed over.
    unsafe nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks) { _, _, _, _, _ in
        NGHTTP2_ERR_CANCEL.rawValue
    }
    unsafe nghttp2_session_callbacks_set_unpack_extension_callback(callbacks) { _, _, _, _ in
        NGHTTP2_ERR_CANCEL.rawValue
    }
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, owner in
        unsafe withConnection(owner) { $0.admitsIdleFrame() } ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }
}

private func setReceiving(_ callbacks: OpaquePointer) {
    unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
        session, frame, name, nameCount, value, valueCount, _, owner in
        guard let call = unsafe call(session, frame!.pointee.hd.stream_id) else { return 0 }
        let isTaken = unsafe call.note(
            UnsafeBufferPointer(start: name, count: nameCount), UnsafeBufferPointer(start: value, count: valueCount))
        return isTaken ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { session, _, id, bytes, count, owner in
        let call = unsafe call(session, id)
        return unsafe withConnection(owner) { connection in
            unsafe connection.received(UnsafeRawBufferPointer(start: bytes, count: count), id, for: call)
            return 0
        }
    }
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { session, frame, owner in
        let header = unsafe frame!.pointee.hd
        let kind = UInt32(header.type)
        let endsStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        let call = unsafe call(session, header.stream_id)
        return unsafe withConnection(owner) { connection in
            switch kind {
            case NGHTTP2_HEADERS.rawValue where endsStream, NGHTTP2_DATA.rawValue where endsStream:
                if let call { connection.peerEnded(call) }
            case NGHTTP2_PING.rawValue where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0:
                connection.pingAnswered()
            case NGHTTP2_GOAWAY.rawValue: connection.peerGoesAway()
            default: break
            }
            return 0
        }
    }
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { session, id, code, owner in
        guard let call = unsafe call(session, id) else { return 0 }
        unsafe withConnection(owner) { $0.streamClosed(call, code: code) }
        return 0
    }
}
