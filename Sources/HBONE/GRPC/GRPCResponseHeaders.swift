/// What a server's headers and trailers say of a call.
struct GRPCResponseHeaders {
    private static let limitBytes = 16 << 10

    private var bytes = 0
    private var httpStatus: Int?
    private var isGRPC = false
    private var code: String?
    private var message: String?

    /// Takes a field. False when there are more than fit (counted as RFC 9113 §6.5.2 counts them).
    mutating func note(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes += name.count + value.count + 32
        guard bytes <= Self.limitBytes else { return false }
        let text = unsafe String(decoding: value, as: UTF8.self)
        switch unsafe String(decoding: name, as: UTF8.self) {
        case ":status":
            // RFC 9110 §15.2: an interim answer is followed by the real one.
            guard let status = Int(text), !(100..<200).contains(status) else { break }
            httpStatus = status
        case "content-type": isGRPC = text.hasPrefix("application/grpc")
        case "grpc-status": code = text
        case "grpc-message": message = text
        default: break
        }
        return true
    }

    /// - Throws: when what comes is no answer of gRPC's.
    func checkMessages() throws(GRPCStatus) {
        guard httpStatus == 200 else { throw GRPCStatus(httpStatus: httpStatus ?? 0) }
        guard isGRPC else { throw GRPCStatus(.unknown, "the server's answer is not gRPC") }
    }

    /// What the end of the stream means.
    func status(isWithinMessage: Bool) -> GRPCStatus {
        if let code {
            let status = GRPCStatus(trailer: code, message: message)
            return status.isOK && isWithinMessage ? GRPCStatus(.internal, "the server cut a message off") : status
        }
        if let httpStatus, httpStatus != 200 { return GRPCStatus(httpStatus: httpStatus) }
        return GRPCStatus(.internal, "the server ended the stream without a status")
    }
}
