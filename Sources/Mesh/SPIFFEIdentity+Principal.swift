/// Comparisons with `principal` that do not build it: a decision on a connection must not allocate.
extension SPIFFEIdentity {
    private static let partCount = 5

    /// `principal`, cut into pieces that exist already.
    private func part(_ index: Int) -> String {
        switch index {
        case 0: return trustDomain
        case 1: return "/ns/"
        case 2: return namespace
        case 3: return "/sa/"
        default: return serviceAccount
        }
    }

    package func hasPrincipal(_ text: String) -> Bool {
        let length = (0..<Self.partCount).reduce(0) { $0 + part($1).utf8.count }
        return length == text.utf8.count && principalStarts(with: text)
    }

    package func principalStarts(with prefix: String) -> Bool {
        var rest = prefix.utf8[...]
        for index in 0..<Self.partCount {
            let part = part(index).utf8
            guard rest.count > part.count else { return part.starts(with: rest) }
            guard rest.starts(with: part) else { return false }
            rest = rest.dropFirst(part.count)
        }
        return false
    }

    package func principalEnds(with suffix: String) -> Bool {
        var rest = suffix.utf8[...]
        for index in (0..<Self.partCount).reversed() {
            let part = part(index).utf8
            guard rest.count > part.count else { return part.reversed().starts(with: rest.reversed()) }
            guard rest.reversed().starts(with: part.reversed()) else { return false }
            rest = rest.dropLast(part.count)
        }
        return false
    }
}
