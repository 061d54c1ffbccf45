import Discovery

extension FuzzEntry {
    private struct Packets: Equatable {
        var request: ZDSRequest?
        var response: ZDSResponse?
        var isHello = false
    }

    /// One packet, read as each kind of message.
    static let zdsPacket = FuzzEntry(pure: "zds-packet", inputLimitBytes: 2048) { bytes throws(FuzzFault) in
        let packets = Packets(
            request: try? ZDSRequest(decoding: bytes), response: try? ZDSResponse(decoding: bytes),
            isHello: (try? ZDSHello(decoding: bytes)) != nil)
        let isRead = packets.request != nil || packets.response != nil || packets.isHello
        guard bytes.count <= ZDSPacket.limitBytes || !isRead else { throw FuzzFault("\(bytes.count) bytes were read") }
        // What is written may be longer than what was read: fields may be left out that we write. Then it is refused.
        if let request = packets.request, let written = try? request.encoded() {
            guard (try? ZDSRequest(decoding: written)) == request else {
                throw FuzzFault("\(request) differs when written")
            }
        }
        if let response = packets.response {
            guard let written = try? response.encoded(), (try? ZDSResponse(decoding: written)) == response else {
                throw FuzzFault("\(response) differs when written")
            }
        }
        return packets
    }
}
