import Reactor

/// Writes JSON straight into bytes. Whoever writes closes what they open.
package struct JSONWriter {
    private var text = ByteText(capacity: 65_536)
    private var needsComma = false

    package init() {}

    package var bytes: [UInt8] { Array(text.bytes) }

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        enclosed("{", "}", body)
    }

    package mutating func array<Element>(
        _ elements: some Sequence<Element>, _ body: (inout JSONWriter, Element) -> Void
    ) {
        enclosed("[", "]") { writer in
            for element in elements { body(&writer, element) }
        }
    }

    package mutating func key(_ name: String) {
        separate()
        quote(name)
        text.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func value(_ text: String) {
        separate()
        quote(text)
        needsComma = true
    }

    package mutating func value(_ number: some BinaryInteger) { literal("\(number)") }

    package mutating func value(_ flag: Bool) { literal(flag ? "true" : "false") }

    package mutating func null() { literal("null") }

    // MARK: Fields

    package mutating func field(_ name: String, _ text: String) {
        key(name)
        value(text)
    }

    package mutating func field(_ name: String, _ number: some BinaryInteger) {
        key(name)
        value(number)
    }

    package mutating func field(_ name: String, _ flag: Bool) {
        key(name)
        value(flag)
    }

    package mutating func field(_ name: String, texts: some Sequence<String>) {
        key(name)
        array(texts) { $0.value($1) }
    }

    package mutating func field(_ name: String, _ body: (inout JSONWriter) -> Void) {
        key(name)
        object(body)
    }

    // MARK: Bytes

    private mutating func enclosed(_ open: String, _ close: String, _ body: (inout JSONWriter) -> Void) {
        separate()
        text.append(open)
        needsComma = false
        body(&self)
        text.append(close)
        needsComma = true
    }

    private mutating func literal(_ word: String) {
        separate()
        text.append(word)
        needsComma = true
    }

    private mutating func quote(_ value: String) {
        text.append(UInt8(ascii: "\""))
        text.appendJSONEscaped(value)
        text.append(UInt8(ascii: "\""))
    }

    private mutating func separate() {
        if needsComma { text.append(UInt8(ascii: ",")) }
    }
}
