package import Mesh

/// One line of a log while it is written, straight into bytes.
///
/// Plain: `time⇥level⇥scope⇥message⇥key=value …`, texts quoted. JSON: one object of the same. Whatever a text holds, the line
/// stays one line, and its fields stay apart.
package struct LogLine: Sendable {
    package enum Format: String, Hashable, Sendable { case plain, json }
    package enum Level: String, Hashable, Sendable, CaseIterable { case error, warn, info, debug, trace }

    private var text = ByteText()
    private let format: Format
    private var hasField = false

    package init(_ format: Format) {
        self.format = format
    }

    /// See `ByteText.bytes`.
    package var bytes: ArraySlice<UInt8> { text.bytes }

    /// Starts again, in the same memory.
    package mutating func begin(_ level: Level, scope: String, message: String, timeMicroseconds: Int64) {
        text.removeAll()
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
            appendQuote()
        }
    }

    package mutating func end() {
        append(format == .json ? "}\n" : "\n")
    }

    // MARK: Fields

    /// Keys are ours and need no escaping.
    package mutating func field(_ key: String, _ text: String) {
        appendKey(key)
        appendQuote()
        appendEscaped(text)
        appendQuote()
    }

    package mutating func field(_ key: String, _ number: some FixedWidthInteger & UnsignedInteger) {
        appendKey(key)
        text.appendDecimal(UInt64(number))
    }

    package mutating func field(_ key: String, _ address: SocketAddress) {
        appendKey(key)
        if format == .json { appendQuote() }
        appendAddress(address)
        if format == .json { appendQuote() }
    }

    package mutating func field(_ key: String, _ identity: SPIFFEIdentity) {
        appendKey(key)
        append("\"spiffe://")
        appendEscaped(identity.trustDomain)
        append("/ns/")
        appendEscaped(identity.namespace)
        append("/sa/")
        appendEscaped(identity.serviceAccount)
        appendQuote()
    }

    package mutating func field(_ key: String, _ name: NamespacedName) { field(key, "", name) }

    /// - Parameter words: come before the name, and need no escaping.
    package mutating func field(_ key: String, _ words: String, _ name: NamespacedName) {
        appendKey(key)
        appendQuote()
        append(words)
        appendEscaped(name.namespace)
        append("/")
        appendEscaped(name.name)
        appendQuote()
    }

    package mutating func field(_ key: String, milliseconds: UInt64) {
        appendKey(key)
        appendQuote()
        text.appendDecimal(milliseconds)
        append("ms\"")
    }

    // MARK: Bytes

    private mutating func append(_ piece: String) { text.append(piece) }

    private mutating func appendKey(_ key: String) {
        switch format {
        case .plain:
            text.append(hasField ? UInt8(ascii: " ") : UInt8(ascii: "\t"))
            text.append(key)
            text.append(UInt8(ascii: "="))
        case .json:
            text.append(",\"")
            text.append(key)
            text.append("\":")
        }
        hasField = true
    }

    private mutating func appendQuote() { text.append(UInt8(ascii: "\"")) }

    private mutating func appendEscaped(_ piece: String) { text.appendJSONEscaped(piece) }

    private mutating func appendAddress(_ address: SocketAddress) {
        guard address.ip.family == .v4 else { return append(address.description) }
        for place in 0..<4 as Range<UInt64> {
            text.appendDecimal(address.ip.low >> (24 - 8 * place) & 0xff)
            text.append(place == 3 ? UInt8(ascii: ":") : UInt8(ascii: "."))
        }
        text.appendDecimal(UInt64(address.port))
    }

    private mutating func appendTime(_ microseconds: Int64) { text.appendTimestamp(microseconds: microseconds) }
}
