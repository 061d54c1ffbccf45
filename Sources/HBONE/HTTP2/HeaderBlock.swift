import CNghttp2

/// Header fields on their way out.
struct HeaderBlock {
    private var bytes: [UInt8] = []
    private var lengths: [(name: Int, value: Int)] = []

    init(status: Int) {
        add(":status", String(status))
    }

    init(_ request: ConnectRequest) {
        bytes.reserveCapacity(384)
        add(":method", request.method)
        add(":authority", request.authority)
        if let baggage = request.baggage { add("baggage", baggage) }
        if let forwarded = request.forwarded { add("forwarded", forwarded) }
        if let traceparent = request.traceparent { add("traceparent", traceparent) }
    }

    init(post path: String, scheme: String, authority: String) {
        add(":method", "POST")
        add(":scheme", scheme)
        add(":path", path)
        add(":authority", authority)
    }

    /// - Parameter name: in lower case (RFC 9113 §8.2).
    mutating func add(name: String, value: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: value.utf8)
        lengths.append((name.utf8.count, value.utf8.count))
    }

    mutating func add(_ name: StaticString, _ value: String) {
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        let start = bytes.count
        bytes.append(contentsOf: value.utf8)
        lengths.append((name.utf8CodeUnitCount, bytes.count - start))
    }

    /// nghttp2 copies what it is given.
    func withEntries<Result>(_ body: (UnsafePointer<nghttp2_nv>, Int) -> Result) -> Result {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            // nghttp2 takes mutable pointers and does not write through them.
            var cursor = unsafe UnsafeMutablePointer(mutating: bytes.baseAddress!)
            return unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: lengths.count) { entries in
                for (index, length) in lengths.enumerated() {
                    unsafe entries.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: cursor, value: cursor + length.name, namelen: length.name, valuelen: length.value,
                            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
                    unsafe cursor += length.name + length.value
                }
                return unsafe body(entries.baseAddress!, lengths.count)
            }
        }
    }
}
