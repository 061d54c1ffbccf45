/// What tcpdump saw on a wire, from the file it writes (draft-ietf-opsawg-pcap): Ethernet frames in the order they came.
struct PacketCapture {
    /// One TCP segment over IPv4.
    struct Segment: Hashable {
        var sourcePort: UInt16
        var targetPort: UInt16
        var payload: ArraySlice<UInt8>
    }

    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether these bytes went over the wire as they are.
    func contains(_ text: String) -> Bool {
        bytes.firstRange(of: Array(text.utf8)) != nil
    }

    /// Segments to or from a port whose payload begins with a TLS record of application data (RFC 8446 §5.1).
    func encryptedSegments(port: UInt16) -> Int {
        segments.count { segment in
            (segment.sourcePort == port || segment.targetPort == port)
                && segment.payload.starts(with: [0x17, 0x03, 0x03])
        }
    }

    /// What is no IPv4 TCP segment, or was cut, is passed over.
    var segments: [Segment] {
        var segments: [Segment] = []
        // The file's header, then for each packet a header of four words, the third being how many bytes follow.
        guard bytes.count >= 24, bytes[..<4] == [0xd4, 0xc3, 0xb2, 0xa1] else { return [] }
        var position = 24
        while position + 16 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[position + 8 + $1]) << (8 * $1) }
            let start = position + 16
            guard length <= bytes.count - start else { break }
            if let segment = Self.segment(bytes[start..<(start + length)]) { segments.append(segment) }
            position = start + length
        }
        return segments
    }

    private static func segment(_ frame: ArraySlice<UInt8>) -> Segment? {
        let packet = frame.dropFirst(14)
        guard frame.count > 14, frame[frame.startIndex + 12] == 0x08, frame[frame.startIndex + 13] == 0x00,
            let first = packet.first, first >> 4 == 4, packet.count >= 20, packet[packet.startIndex + 9] == 6
        else { return nil }
        let segment = packet.dropFirst(Int(first & 0x0f) * 4)
        guard segment.count >= 20 else { return nil }
        func word(_ offset: Int) -> UInt16 {
            UInt16(segment[segment.startIndex + offset]) << 8 | UInt16(segment[segment.startIndex + offset + 1])
        }
        return Segment(
            sourcePort: word(0), targetPort: word(2),
            payload: segment.dropFirst(Int(segment[segment.startIndex + 12] >> 4) * 4))
    }
}
