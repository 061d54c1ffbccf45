extension Kubernetes {
    /// A moment to the second, as objects carry it.
    package struct Timestamp: Hashable, Sendable, Comparable {
        package let secondsSinceEpoch: Int

        package init(secondsSinceEpoch: Int) { self.secondsSinceEpoch = secondsSinceEpoch }

        package static func < (one: Timestamp, other: Timestamp) -> Bool {
            one.secondsSinceEpoch < other.secondsSinceEpoch
        }
    }
}

extension Kubernetes.Timestamp: CustomStringConvertible, LosslessStringConvertible {
    /// RFC 3339, such as `2026-02-28T12:00:00Z`, with a fraction, which is dropped, or an offset.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (20...40).contains(bytes.count), bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = Self.number(bytes[0..<4], in: 0...9999), let month = Self.number(bytes[5..<7], in: 1...12),
            let day = Self.number(bytes[8..<10], in: 1...31), let hour = Self.number(bytes[11..<13], in: 0...23),
            let minute = Self.number(bytes[14..<16], in: 0...59), let second = Self.number(bytes[17..<19], in: 0...60)
        else { return nil }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop { (0x30...0x39).contains($0) } }
        guard let offset = Self.offsetSeconds(rest) else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        self.init(secondsSinceEpoch: ((days * 24 + hour) * 60 + minute) * 60 + second - offset)
    }

    /// In UTC.
    package var description: String {
        let days = Int((Double(secondsSinceEpoch) / 86_400).rounded(.down))
        let seconds = secondsSinceEpoch - days * 86_400
        let (year, month, day) = Self.date(daysSinceEpoch: days)
        let fields = [month, day, seconds / 3600, seconds / 60 % 60, seconds % 60].map {
            $0 < 10 ? "0\($0)" : "\($0)"
        }
        let shownYear = String(repeating: "0", count: max(0, 4 - String(year).count)) + String(year)
        return "\(shownYear)-\(fields[0])-\(fields[1])T\(fields[2]):\(fields[3]):\(fields[4])Z"
    }

    private static func number(_ digits: ArraySlice<UInt8>, in range: ClosedRange<Int>) -> Int? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return range.contains(value) ? value : nil
    }

    private static func offsetSeconds(_ text: ArraySlice<UInt8>) -> Int? {
        if text.count == 1 { return text.first! | 0x20 == UInt8(ascii: "z") ? 0 : nil }
        guard text.count == 6, text.first == UInt8(ascii: "+") || text.first == UInt8(ascii: "-"),
            text[text.startIndex + 3] == UInt8(ascii: ":"),
            let hours = number(text.dropFirst().prefix(2), in: 0...23), let minutes = number(text.suffix(2), in: 0...59)
        else { return nil }
        return (hours * 3600 + minutes * 60) * (text.first == UInt8(ascii: "-") ? -1 : 1)
    }

    /// Days of the Gregorian calendar, counted in years that begin in March, so that the leap day is the last.
    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let leapDays = floorDivide(year, 4) - floorDivide(year, 100) + floorDivide(year, 400)
        return 365 * year + leapDays + dayOfYear - 719_468
    }

    private static func date(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
        var year = floorDivide(days * 400, 146_097) + 1970
        while daysSinceEpoch(year: year, month: 1, day: 1) > days { year -= 1 }
        while daysSinceEpoch(year: year + 1, month: 1, day: 1) <= days { year += 1 }
        var month = 12
        while daysSinceEpoch(year: year, month: month, day: 1) > days { month -= 1 }
        return (year, month, days - daysSinceEpoch(year: year, month: month, day: 1) + 1)
    }

    private static func floorDivide(_ value: Int, _ divisor: Int) -> Int {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }
}
