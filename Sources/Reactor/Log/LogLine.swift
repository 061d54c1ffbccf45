package import Mesh

/// One line of a log while it is written, straight into bytes.
///
/// Plain: `time⇥level⇥scope⇥message⇥key=value …`, texts quoted. JSON: one object of the same. Whatever a text holds, the line
/// stays one line, and its fields stay apart.
package struct LogLine: Sendable {
    package enum Format: String, Hashable, Sendable { case plain, json }
    package enum Level: String, Hashable, Sendable, CaseIterable { case error, warn, info, debug, trace }

    package private(set) var bytes: [UInt8] = []
    private let format: Format
    private var hasField = false

    package init(_ format: Format) {
        self.format = format
        bytes.reserveCapacity(1024)
    }

    /// Starts again, in the same memory.
    package mutating func begin(_ level: Level, scope: String, message: String, timeMicroseconds: Int64) {
        bytes.removeAll(keepingCapacity: true)
        hasField = false
        switch format {
        case .plain:
            appendTime(timeMicroseconds)
            for part in [level.rawValue, scope] {
                append("\t")
                append(part)
            }
            append("\t")
            appendEscaped(message)
        case .json:
            append(#"{"level":""#)
            append(level.rawValue)
            append(#"","time":""#)
            appendTime(timeMicroseconds)
            append(#"","scope":""#)
            append(scope)
            append(#"","message":""#)
            appendEscaped(message)
            append("\"")
        }
    }

    package mutating func end() {
        append(format == .json ? "}\n" : "\n")
    }

    // MARK: Fields

    /// Keys are ours and need no escaping.
    package mutating func field(_ key: String, _ text: String) {
        appendKey(key)
        append("\"")
        appendEscaped(text)
        append("\"")
    }

    package mutating func field(_ key: String, _ number: some FixedWidthInteger & UnsignedInteger) {
        appendKey(key)
        bytes.appendDecimal(UInt64(number))
    }

    package mutating func field(_ key: String, _ address: SocketAddress) {
        appendKey(key)
        if format == .json { append("\"") }
        appendAddress(address)
        if format == .json { append("\"") }
    }

    package mutating func field(_ key: String, _ identity: SPIFFEIdentity) {
        appendKey(key)
        append("\"spiffe://")
        appendEscaped(identity.trustDomain)
        append("/ns/")
        appendEscaped(identity.namespace)
        append("/sa/")
        appendEscaped(identity.serviceAccount)
        append("\"")
    }

    package mutating func field(_ key: String, _ name: NamespacedName) {
        appendKey(key)
        append("\"")
        appendEscaped(name.namespace)
        append("/")
        appendEscaped(name.name)
        append("\"")
    }

    package mutating func field(_ key: String, milliseconds: UInt64) {
        appendKey(key)
        append("\"")
        bytes.appendDecimal(milliseconds)
        append("ms\"")
    }

    // MARK: Bytes

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func appendKey(_ key: String) {
        switch format {
        case .plain:
            append(hasField ? " " : "\t")
            append(key)
            append("=")
        case .json:
            append(",\"")
            append(key)
            append("\":")
        }
        hasField = true
    }

    private mutating func appendEscaped(_ text: String) { bytes.appendJSONEscaped(text) }

    private mutating func appendAddress(_ address: SocketAddress) {
        guard address.ip.family == .v4 else { return append(address.description) }
        for shift in [24, 16, 8, 0] as [UInt64] {
            bytes.appendDecimal(address.ip.low >> shift & 0xff)
            append(shift == 0 ? ":" : ".")
        }
        bytes.appendDecimal(UInt64(address.port))
    }

    private mutating func appendTime(_ microseconds: Int64) { bytes.appendTimestamp(microseconds: microseconds) }
}
