/// Text written straight into bytes.
extension [UInt8] {
    package mutating func append(text: String) { append(contentsOf: text.utf8) }

    package mutating func appendDecimal(_ number: UInt64) { appendDecimal(number, digits: 1) }

    /// At least `digits` digits, with zeros in front.
    package mutating func appendDecimal(_ number: UInt64, digits: Int) {
        let start = count
        var rest = number
        repeat {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0 || count - start < digits
        self[start...].reverse()
    }

    /// RFC 3339 in UTC, with microseconds: `2026-01-02T03:04:05.000006Z`.
    package mutating func appendTimestamp(microseconds: Int64) {
        let (days, inDay) = microseconds.flooredDivision(by: 86_400_000_000)
        let date = CivilDate(daysSince1970: days)
        appendDecimal(UInt64(clamping: date.year), digits: 4)
        append(UInt8(ascii: "-"))
        appendDecimal(date.month, digits: 2)
        append(UInt8(ascii: "-"))
        appendDecimal(date.day, digits: 2)
        let seconds = UInt64(inDay / 1_000_000)
        for (separator, value) in [("T", seconds / 3600), (":", seconds / 60 % 60), (":", seconds % 60)] {
            append(text: separator)
            appendDecimal(value, digits: 2)
        }
        append(UInt8(ascii: "."))
        appendDecimal(UInt64(inDay % 1_000_000), digits: 6)
        append(UInt8(ascii: "Z"))
    }

    /// The inside of a JSON string (RFC 8259 §7): quotes, backslashes and control characters escaped.
    package mutating func appendJSONEscaped(_ text: String) {
        var text = text
        text.makeContiguousUTF8()
        guard text.utf8.contains(where: \.needsJSONEscape) else { return append(contentsOf: text.utf8) }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(contentsOf: [UInt8(ascii: "\\"), byte])
            case UInt8(ascii: "\n"): append(text: "\\n")
            case UInt8(ascii: "\r"): append(text: "\\r")
            case UInt8(ascii: "\t"): append(text: "\\t")
            case _ where byte.needsJSONEscape:
                append(text: "\\u00")
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
