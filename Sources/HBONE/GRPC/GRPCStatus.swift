import CNghttp2
import Mesh

/// How a call ended ("gRPC over HTTP/2", Responses; status codes of gRPC).
package struct GRPCStatus: Error, Hashable, Sendable {
    package enum Code: Int, Hashable, Sendable {
        case ok = 0
        case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
        case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable
        case dataLoss, unauthenticated
    }

    private static let messageLimitBytes = 1024

    package let code: Code
    /// A server's words: bounded, without control characters.
    package let message: String

    package init(_ code: Code, _ message: String = "") {
        self.code = code
        self.message = message
    }

    package var isOK: Bool { code == .ok }

    /// What trailers say. A number that nobody knows is unknown.
    init(trailer code: String, message: String?) {
        self.init(
            Int(code).flatMap(Code.init(rawValue:)) ?? .unknown, Self.decoded(message ?? "").map { String($0) } ?? "")
    }

    /// An answer that never was gRPC's ("HTTP to gRPC Status Code Mapping").
    init(httpStatus: Int) {
        let code: Code =
            switch httpStatus {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        self.init(code, "the server answered with HTTP status \(httpStatus)")
    }

    /// A stream that was reset ("gRPC over HTTP/2", Errors).
    init(reset code: UInt32) {
        let status: Code =
            switch code {
            case NGHTTP2_REFUSED_STREAM.rawValue: .unavailable
            case NGHTTP2_CANCEL.rawValue: .cancelled
            case NGHTTP2_ENHANCE_YOUR_CALM.rawValue: .resourceExhausted
            case NGHTTP2_INADEQUATE_SECURITY.rawValue: .permissionDenied
            default: .internal
            }
        self.init(status, "the server reset the stream (code \(code))")
    }

    /// `grpc-message` is percent-encoded UTF-8; what is not that is shown as it came.
    private static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8.prefix(messageLimitBytes)
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        for index in bytes.indices where bytes[index] < 0x20 || bytes[index] == 0x7f { bytes[index] = 0x20 }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension GRPCStatus: CustomStringConvertible {
    package var description: String { message.isEmpty ? "\(code)" : "\(code): \(message)" }
}
