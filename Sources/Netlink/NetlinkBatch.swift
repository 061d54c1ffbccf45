import CMnl
import CNftnl

/// What a message asks for: a sentence that completes "cannot …", and its header's fields.
struct NetlinkRequest {
    let sentence: String
    let type: UInt16
    let flags: UInt16

    /// A change, which the kernel answers when NLM_F_ACK is among `flags`.
    init(_ sentence: String, type: some BinaryInteger, flags: CInt) {
        self.sentence = sentence
        self.type = UInt16(type)
        self.flags = UInt16(flags)
    }

    /// nf_tables, whose messages carry their subsystem in the type's upper byte (linux/netfilter/nfnetlink.h).
    init(nfTables sentence: String, _ message: nf_tables_msg_types, flags: CInt) {
        self.init(sentence, type: CInt(NFNL_SUBSYS_NFTABLES) << 8 | CInt(message.rawValue), flags: flags)
    }
}

/// Messages to be sent together, in order, each with a sentence that says what it asks for. Owns its memory.
///
/// Sequence numbers count up from 1 within a batch, so that an answer names its message.
@safe struct NetlinkBatch: ~Copyable {
    /// A pod's whole set of rules takes about 8 KiB.
    private static let limitBytes = 64 * 1024
    /// libmnl notices that the limit was passed only once a message has been written (mnl_nlmsg_batch_next).
    private static let largestMessageBytes = 16 * 1024

    private let memory: UnsafeMutableRawPointer
    private let batch: OpaquePointer
    /// What each message asks for, by its sequence number less 1.
    private(set) var requests: [String] = []
    /// The sequence numbers of those that the kernel will answer.
    private(set) var awaited: Set<UInt32> = []

    init() {
        unsafe memory = .allocate(byteCount: Self.limitBytes + Self.largestMessageBytes, alignment: 16)
        guard let batch = unsafe mnl_nlmsg_batch_start(memory, Self.limitBytes) else {
            preconditionFailure("no memory for a batch")
        }
        unsafe self.batch = batch
    }

    deinit {
        unsafe mnl_nlmsg_batch_stop(batch)
        unsafe memory.deallocate()
    }

    /// Appends one message: a header made from `request`, then what `write` puts behind it.
    mutating func append(
        _ request: NetlinkRequest, _ write: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) throws(NetlinkError) {
        unsafe try append(request.sentence) { place, sequence in
            guard let header = unsafe mnl_nlmsg_put_header(place) else { preconditionFailure("no place") }
            unsafe header.pointee.nlmsg_type = request.type
            unsafe header.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST) | request.flags
            unsafe header.pointee.nlmsg_seq = sequence
            unsafe write(header)
            return unsafe header
        }
        if request.flags & UInt16(NLM_F_ACK) != 0 { awaited.insert(UInt32(requests.count)) }
    }

    /// Messages between these two take effect together or not at all (nfnetlink's transaction).
    mutating func beginTransaction() throws(NetlinkError) {
        unsafe try append("begin a transaction") { place, sequence in
            unsafe nftnl_batch_begin(place.assumingMemoryBound(to: CChar.self), sequence)
        }
    }

    mutating func endTransaction() throws(NetlinkError) {
        unsafe try append("end a transaction") { place, sequence in
            unsafe nftnl_batch_end(place.assumingMemoryBound(to: CChar.self), sequence)
        }
    }

    private mutating func append(
        _ sentence: String, _ write: (UnsafeMutableRawPointer, _ sequence: UInt32) -> UnsafeMutablePointer<nlmsghdr>
    ) throws(NetlinkError) {
        guard let place = unsafe mnl_nlmsg_batch_current(batch) else { preconditionFailure("a batch without memory") }
        let header = unsafe write(place, UInt32(requests.count + 1))
        precondition(unsafe header.pointee.nlmsg_len <= Self.largestMessageBytes, "no room to \(sentence)")
        requests.append(sentence)
        guard unsafe mnl_nlmsg_batch_next(batch) else { throw .tooMuch("\(Self.limitBytes) bytes in one batch") }
    }

    /// What `sequence` asked for; nil for a number that is none of ours.
    func request(_ sequence: UInt32) -> String? {
        requests.indices.contains(Int(sequence) - 1) ? requests[Int(sequence) - 1] : nil
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(
            UnsafeRawBufferPointer(start: mnl_nlmsg_batch_head(batch), count: mnl_nlmsg_batch_size(batch)))
    }
}
