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

    private var principalLength: Int { trustDomain.utf8.count + namespace.utf8.count + serviceAccount.utf8.count + 8 }

    func principalStarts(with prefix: String) -> Bool {
        prefix.utf8.count <= principalLength && matches(prefix, atOffset: 0)
    }

    func principalEnds(with suffix: String) -> Bool {
        let offset = principalLength - suffix.utf8.count
        return offset >= 0 && matches(suffix, atOffset: offset)
    }

    /// Whether `text` stands in the principal at `offset`; it must fit.
    private func matches(_ text: String, atOffset offset: Int) -> Bool {
        let wanted = text.utf8Span.span
        /// Where the part begins, counted from the text's beginning.
        var start = -offset
        for index in 0..<Self.partCount {
            let part = part(index)
            let bytes = part.utf8Span.span
            for place in max(start, 0)..<max(min(start + bytes.count, wanted.count), max(start, 0))
            where wanted[place] != bytes[place - start] {
                return false
            }
            start += bytes.count
        }
        return true
    }
}

extension String {
    /// Compared byte by byte, not by what characters mean.
    func startsBytewise(with prefix: String) -> Bool {
        utf8.count >= prefix.utf8.count && matches(prefix, atOffset: 0)
    }

    func endsBytewise(with suffix: String) -> Bool {
        utf8.count >= suffix.utf8.count && matches(suffix, atOffset: utf8.count - suffix.utf8.count)
    }

    private func matches(_ text: String, atOffset offset: Int) -> Bool {
        let (own, wanted) = (utf8Span.span, text.utf8Span.span)
        for place in wanted.indices where own[offset + place] != wanted[place] { return false }
        return true
    }
}
