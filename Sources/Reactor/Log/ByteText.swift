/// Text while it is written, as bytes in memory that grows and is used again.
package struct ByteText: Sendable {
    private var storage: [UInt8]
    private var count = 0

    package init(capacity: Int = 1024) { storage = [UInt8](repeating: 0, count: max(capacity, 64)) }

    /// Without the copy that `Array(bytes)` is. To be let go before the text goes on, which would be copied else.
    package var bytes: ArraySlice<UInt8> { storage[..<count] }

    package mutating func removeAll() { count = 0 }

    package mutating func append(_ byte: UInt8) {
        reserve(1)
        storage[count] = byte
        count += 1
    }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { source in
            reserve(source.count)
            guard let from = source.baseAddress else { return }
            // There is room for as much, and a text does not lie in our own memory.
            unsafe storage.withUnsafeMutableBufferPointer { target in
                guard let to = target.baseAddress else { return }
                unsafe (to + count).update(from: from, count: source.count)
            }
            count += source.count
        }
    }

    package mutating func append(contentsOf bytes: some Collection<UInt8>) {
        reserve(bytes.count)
        storage.replaceSubrange(count..<(count + bytes.count), with: bytes)
        count += bytes.count
    }

    private mutating func reserve(_ more: Int) {
        guard count + more > storage.count else { return }
        storage += [UInt8](repeating: 0, count: max(storage.count, more))
    }
}

// MARK: - Numbers

extension ByteText {
    package mutating func appendDecimal(_ number: UInt64) { appendDecimal(number, digits: 1) }

    /// At least `digits` digits, with zeros in front.
    package mutating func appendDecimal(_ number: UInt64, digits: Int) {
        let length = max(digits, number.decimalLength)
        reserve(length)
        var rest = number
        for place in stride(from: count + length - 1, through: count, by: -1) {
            storage[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += length
    }

    /// RFC 3339 in UTC, with microseconds: `2026-01-02T03:04:05.000006Z`.
    package mutating func appendTimestamp(microseconds: Int64) {
        appendSeconds(microseconds.flooredDivision(by: 1_000_000).quotient)
        append(UInt8(ascii: "."))
        appendDecimal(UInt64(microseconds.flooredDivision(by: 1_000_000).remainder), digits: 6)
        append(UInt8(ascii: "Z"))
    }

    /// The same in whole seconds: `2026-01-02T03:04:05Z`.
    package mutating func appendTimestamp(seconds: Int64) {
        appendSeconds(seconds)
        append(UInt8(ascii: "Z"))
    }

    private mutating func appendSeconds(_ seconds: Int64) {
        let (days, inDay) = seconds.flooredDivision(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        appendDecimal(UInt64(clamping: date.year), digits: 4)
        append(UInt8(ascii: "-"))
        appendDecimal(date.month, digits: 2)
        append(UInt8(ascii: "-"))
        appendDecimal(date.day, digits: 2)
        append(UInt8(ascii: "T"))
        appendDecimal(UInt64(inDay / 3600), digits: 2)
        append(UInt8(ascii: ":"))
        appendDecimal(UInt64(inDay / 60 % 60), digits: 2)
        append(UInt8(ascii: ":"))
        appendDecimal(UInt64(inDay % 60), digits: 2)
    }
}

extension UInt64 {
    fileprivate var decimalLength: Int {
        var (length, bound) = (1, UInt64(10))
        while self >= bound, length < 20 {
            length += 1
            bound = length < 20 ? bound * 10 : bound
        }
        return length
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// A day of the Gregorian calendar, by counting in cycles of 400 years that begin on 1 March.
private struct CivilDate {
    let year: Int64
    let month: UInt64
    let day: UInt64

    init(daysSince1970: Int64) {
        // 719,468 days from 0000-03-01 to 1970-01-01; 146,097 days in 400 years.
        let (cycle, dayOfCycle) = (daysSince1970 + 719_468).flooredDivision(by: 146_097)
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        // Months from March have 153 days in each five.
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = UInt64(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = UInt64(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
    }
}

// MARK: - JSON

extension ByteText {
    /// The inside of a JSON string (RFC 8259 §7): quotes, backslashes and control characters escaped.
    package mutating func appendJSONEscaped(_ text: String) {
        let source = text.utf8Span.span
        for index in source.indices where source[index].needsJSONEscape { return appendEscapes(text) }
        append(text)
    }

    private mutating func appendEscapes(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\r"): append("\\r")
            case UInt8(ascii: "\t"): append("\\t")
            case _ where byte.needsJSONEscape:
                append("\\u00")
                append(byte.hexadecimalDigit(at: 1))
                append(byte.hexadecimalDigit(at: 0))
            default: append(byte)
            }
        }
    }
}

extension UInt8 {
    fileprivate var needsJSONEscape: Bool {
        self < 0x20 || self == 0x7f || self == UInt8(ascii: "\"") || self == UInt8(ascii: "\\")
    }

    fileprivate func hexadecimalDigit(at place: UInt8) -> UInt8 {
        let digit = self >> (4 * place) & 0xf
        return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
