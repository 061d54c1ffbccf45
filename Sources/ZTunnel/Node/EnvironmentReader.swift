import Mesh

/// Reads variables by kind. An empty one counts as not given.
struct EnvironmentReader {
    private let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    func flag(_ name: String) throws(ConfigurationError) -> Bool? {
        guard let text = text(name) else { return nil }
        switch text.lowercased() {
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default: throw ConfigurationError(name, text, "is neither true nor false")
        }
    }

    func number(_ name: String, in range: ClosedRange<UInt64>) throws(ConfigurationError) -> UInt64? {
        guard let text = text(name) else { return nil }
        guard text.utf8.allSatisfy(\.isASCIIDigit), let number = UInt64(text), range.contains(number) else {
            throw ConfigurationError(name, text, "is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A sum of numbers with units: `5s`, `1h30m`, `250ms`.
    func milliseconds(
        _ name: String, atLeast least: UInt64, atMost most: UInt64 = 366 * 86_400_000
    ) throws(ConfigurationError) -> UInt64? {
        guard let text = text(name) else { return nil }
        guard let sum = Self.milliseconds(text), (least...most).contains(sum) else {
            throw ConfigurationError(name, text, "is no duration from \(least)ms to \(most)ms, such as 30s or 5m")
        }
        return sum
    }

    func choice<Choice: RawRepresentable<String>>(
        _ name: String, _ type: Choice.Type
    ) throws(ConfigurationError) -> Choice? {
        guard let text = text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else { throw ConfigurationError(name, text, "is not known") }
        return choice
    }

    func trustDomain(_ name: String) throws(ConfigurationError) -> String? {
        guard let text = text(name) else { return nil }
        guard SPIFFEIdentity("spiffe://\(text)/ns/a/sa/a")?.trustDomain == text else {
            throw ConfigurationError(name, text, "is no SPIFFE trust domain")
        }
        return text
    }

    private static func milliseconds(_ text: String) -> UInt64? {
        var rest = text.utf8[...]
        var sum: UInt64 = 0
        repeat {
            let digits = rest.prefix(while: \.isASCIIDigit)
            let unit = rest.dropFirst(digits.count).prefix(while: \.isASCIILetter)
            guard digits.count <= 9, let number = UInt64(Substring(digits)), let factor = factor(Substring(unit)) else {
                return nil
            }
            sum += number * factor
            rest = rest.dropFirst(digits.count + unit.count)
        } while !rest.isEmpty && sum < 1 << 50
        return rest.isEmpty ? sum : nil
    }

    private static func factor(_ unit: Substring) -> UInt64? {
        switch unit {
        case "ms": return 1
        case "s": return 1000
        case "m": return 60_000
        case "h": return 3_600_000
        case "d": return 86_400_000
        default: return nil
        }
    }
}
