/// A W3C trace context header (Trace Context §3.2), by which one connection is found in two proxies' logs.
package struct Traceparent: Hashable, Sendable, CustomStringConvertible {
    private let traceHigh: UInt64
    private let traceLow: UInt64
    private let span: UInt64

    package static func random(_ generator: inout some RandomNumberGenerator) -> Traceparent {
        Traceparent(traceHigh: generator.next(), traceLow: generator.next(), span: generator.next())
    }

    /// Version 00, not sampled.
    package var description: String { "00-\(traceHigh.hexadecimal)\(traceLow.hexadecimal)-\(span.hexadecimal)-00" }
}

extension UInt64 {
    /// 16 digits.
    fileprivate var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
