/// Finds the selectors that match some labels without trying them all.
///
/// Each selector is filed under one of its pairs; an object with other pairs never meets it.
struct SelectorIndex: Sendable {
    private struct Pair: Hashable {
        let key: String
        let value: String
    }

    private var selectors: [String: [String: String]] = [:]
    private var byPair: [Pair: Set<String>] = [:]
    /// Selectors without labels match everything.
    private var unconditional: Set<String> = []

    /// Files the selector of `name` in place of the one it had; nil takes it out.
    mutating func set(_ selector: [String: String]?, for name: String) {
        if let old = selectors.removeValue(forKey: name) {
            if let pair = Self.pair(of: old) { remove(name, from: pair) } else { unconditional.remove(name) }
        }
        guard let selector else { return }
        selectors[name] = selector
        if let pair = Self.pair(of: selector) {
            byPair[pair, default: []].insert(name)
        } else {
            unconditional.insert(name)
        }
    }

    /// The names whose selectors match, in order.
    func matches(_ labels: [String: String]) -> [String] {
        let candidates = labels.flatMap { byPair[Pair(key: $0.key, value: $0.value)] ?? [] }
        let matching = candidates.filter { name in
            selectors[name]?.allSatisfy { labels[$0.key] == $0.value } ?? false
        }
        return (matching + unconditional).sorted()
    }

    private static func pair(of selector: [String: String]) -> Pair? {
        selector.min { $0.key < $1.key }.map { Pair(key: $0.key, value: $0.value) }
    }

    private mutating func remove(_ name: String, from pair: Pair) {
        byPair[pair]?.remove(name)
        if byPair[pair]?.isEmpty == true { byPair[pair] = nil }
    }
}
