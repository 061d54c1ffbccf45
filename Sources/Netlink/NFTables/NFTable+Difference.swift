extension NFTable {
    /// What makes this table another than `expected`, in words for a log; nil when nothing does.
    package func difference(from expected: NFTable) -> String? {
        guard self != expected else { return nil }
        if flags != expected.flags { return "table \(name) has flags \(flags)" }
        if timeouts != expected.timeouts { return "table \(name) has other timeouts" }
        for name in Set(chains.keys).union(expected.chains.keys).sorted() {
            guard let here = chains[name] else { return "chain \(name) is missing" }
            guard let there = expected.chains[name] else { return "chain \(name) is not ours" }
            if here.hook != there.hook { return "chain \(name) has another hook" }
            if let difference = here.difference(from: there) { return "chain \(name) \(difference)" }
        }
        return "table \(name) is another"
    }
}

extension NFChain {
    fileprivate func difference(from expected: NFChain) -> String? {
        if rules.count != expected.rules.count { return "has \(rules.count) rules instead of \(expected.rules.count)" }
        return zip(rules, expected.rules).enumerated().first { $0.element.0 != $0.element.1 }
            .map { "has another rule \($0.offset + 1)" }
    }
}
