import CNghttp2

/// Sole owner of an nghttp2 session: frames in, frames out, and the state of every stream (nghttp2 API reference).
@safe struct HTTP2Session: ~Copyable {
    private let raw: OpaquePointer

    /// Streams a client opens before it has read the server's SETTINGS.
    private static let assumedPeerStreams: UInt32 = 100
    private init(consuming raw: OpaquePointer) { unsafe self.raw = raw }

    /// A session that has announced its settings; nil when memory has run out.
    /// - Parameters:
    ///   - owner: outlives the session, and is who the callbacks are for.
    ///   - callbacks: those of a kind of owner; nil when memory has run out.
    static func open(
        _ role: TLSContext.Role, _ settings: HTTP2Settings, owner: UnsafeMutableRawPointer, _ callbacks: OpaquePointer?
    ) -> HTTP2Session? {
        guard let callbacks = unsafe callbacks else { return nil }
        var option: OpaquePointer?
        guard unsafe nghttp2_option_new(&option) == 0 else { return nil }
        defer { unsafe nghttp2_option_del(option) }
        // Window is given back when the application has taken the bytes, not when they arrive.
        unsafe nghttp2_option_set_no_auto_window_update(option, 1)
        unsafe nghttp2_option_set_no_closed_streams(option, 1)
        unsafe nghttp2_option_set_peer_max_concurrent_streams(option, assumedPeerStreams)
        // Counted by the tunnel, which says so.
        unsafe nghttp2_option_set_stream_reset_rate_limit(option, .max, .max)
        // Types that nobody knows are passed over, but counted; the first ten are HTTP/2's own.
        for type in UInt8(0x0a)...UInt8.max { unsafe nghttp2_option_set_user_recv_extension_type(option, type) }
        var made: OpaquePointer?
        let status =
            unsafe role == .server
            ? nghttp2_session_server_new2(&made, callbacks, owner, option)
            : nghttp2_session_client_new2(&made, callbacks, owner, option)
        guard status == 0, let made = unsafe made else { return nil }
        let session = unsafe HTTP2Session(consuming: made)
        guard session.announce(settings, role) else { return nil }
        return session
    }

    deinit { unsafe nghttp2_session_del(raw) }

    private borrowing func announce(_ settings: HTTP2Settings, _ role: TLSContext.Role) -> Bool {
        var entries = [
            nghttp2_settings_entry(
                settings_id: CInt(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(settings.streamWindowBytes)),
            nghttp2_settings_entry(
                settings_id: CInt(NGHTTP2_SETTINGS_MAX_FRAME_SIZE.rawValue), value: settings.frameBytes),
            nghttp2_settings_entry(
                settings_id: CInt(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: settings.headerListBytes),
        ]
        switch role {
        case .client:
            entries.append(
                nghttp2_settings_entry(settings_id: CInt(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
        case .server:
            entries.append(
                nghttp2_settings_entry(
                    settings_id: CInt(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                    value: settings.concurrentStreams))
        }
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        return unsafe nghttp2_submit_settings(raw, none, entries, entries.count) == 0
            && nghttp2_session_set_local_window_size(raw, none, 0, settings.connectionWindowBytes) == 0
    }

    // MARK: Driving

    /// Frames from the peer; the callbacks tell what they were. Nil, or what was wrong with them.
    borrowing func receive(_ bytes: UnsafeRawBufferPointer) -> String? {
        let count = unsafe nghttp2_session_mem_recv(
            raw, bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), bytes.count)
        return count < 0 ? unsafe String(cString: nghttp2_strerror(CInt(count))) : nil
    }

    /// Hands frames to the send callbacks until there are none or these say stop.
    borrowing func send() -> String? {
        let status = unsafe nghttp2_session_send(raw)
        return status == 0 ? nil : unsafe String(cString: nghttp2_strerror(status))
    }

    /// Whether nothing is left to say or hear.
    var isOver: Bool {
        unsafe nghttp2_session_want_read(raw) == 0 && nghttp2_session_want_write(raw) == 0
    }

    // MARK: Streams

    /// The new stream's identifier; nil when identifiers or memory have run out.
    borrowing func request(_ headers: HeaderBlock, for stream: TunnelStream) -> Int32? {
        let owner = unsafe Unmanaged.passUnretained(stream).toOpaque()
        var source = unsafe nghttp2_data_provider()
        unsafe source.read_callback = readApplication
        let id = unsafe headers.withEntries { entries, count in
            unsafe nghttp2_submit_request(raw, nil, entries, count, &source, owner)
        }
        return id > 0 ? id : nil
    }

    /// The same for a call, whose body is its messages.
    borrowing func request(_ headers: HeaderBlock, for call: GRPCCall) -> Int32? {
        let owner = unsafe Unmanaged.passUnretained(call).toOpaque()
        var source = unsafe nghttp2_data_provider()
        unsafe source.read_callback = readMessages
        let id = unsafe headers.withEntries { entries, count in
            unsafe nghttp2_submit_request(raw, nil, entries, count, &source, owner)
        }
        return id > 0 ? id : nil
    }

    /// The headers of an answer; with a body that is the application's bytes, or with none.
    borrowing func respond(_ headers: HeaderBlock, on id: Int32, withBody: Bool) {
        var source = unsafe nghttp2_data_provider()
        unsafe source.read_callback = readApplication
        unsafe headers.withEntries { entries, count in
            if withBody {
                unsafe _ = nghttp2_submit_response(raw, id, entries, count, &source)
            } else {
                unsafe _ = nghttp2_submit_response(raw, id, entries, count, nil)
            }
        }
    }

    borrowing func reset(_ id: Int32, _ code: UInt32) {
        unsafe _ = nghttp2_submit_rst_stream(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code)
    }

    /// The application has bytes again.
    borrowing func resume(_ id: Int32) { unsafe _ = nghttp2_session_resume_data(raw, id) }

    borrowing func bind(_ id: Int32, to stream: TunnelStream?) {
        let owner = unsafe stream.map { unsafe Unmanaged.passUnretained($0).toOpaque() }
        unsafe _ = nghttp2_session_set_stream_user_data(raw, id, owner)
    }

    borrowing func returnStreamWindow(_ id: Int32, _ bytes: Int) {
        unsafe _ = nghttp2_session_consume_stream(raw, id, bytes)
    }

    borrowing func returnConnectionWindow(_ bytes: Int) { unsafe _ = nghttp2_session_consume_connection(raw, bytes) }

    // MARK: The connection

    /// From now on, once the peer has heard of it, its streams have this window.
    borrowing func announce(streamWindowBytes: Int32) {
        var entry = nghttp2_settings_entry(
            settings_id: CInt(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(streamWindowBytes))
        unsafe _ = nghttp2_submit_settings(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), &entry, 1)
    }

    /// Ends the session with an error; the peer is told which (GOAWAY) when frames go out next.
    borrowing func terminate(_ code: UInt32) { unsafe _ = nghttp2_session_terminate_session(raw, code) }

    /// Whether a frame carries neither bytes nor a request nor their end: what a peer may send only so much of.
    ///
    /// WINDOW_UPDATE is not among them, since who takes much sends many; resets have a bound of their own.
    static func movesNothing(_ header: nghttp2_frame_hd) -> Bool {
        switch UInt32(header.type) {
        case NGHTTP2_DATA.rawValue: header.length == 0 && header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) == 0
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_RST_STREAM.rawValue, NGHTTP2_WINDOW_UPDATE.rawValue: false
        default: true
        }
    }

    borrowing func ping() {
        unsafe _ = nghttp2_submit_ping(raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    /// RFC 9113 §6.8: says that the end is near, while streams already on their way are still taken.
    borrowing func announceShutdown() { unsafe _ = nghttp2_submit_shutdown_notice(raw) }

    /// Says which streams were taken; later ones were not.
    borrowing func goAway() {
        let last = unsafe nghttp2_session_get_last_proc_stream_id(raw)
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        unsafe _ = nghttp2_submit_goaway(raw, none, last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
    }

    var peerConcurrentStreams: Int {
        Int(unsafe nghttp2_session_get_remote_settings(raw, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }
}
