import Mesh

/// How many threads carry connections.
struct WorkerThreads {
    private enum Rule {
        case count(UInt64)
        case percentage(UInt64)
        /// From what the container may use, in thousandths of a core.
        case resources(limit: UInt64?, request: UInt64)
    }

    private static let countMax: UInt64 = 1024

    private let rule: Rule

    init(_ given: EnvironmentReader) throws(ConfigurationError) {
        if let text = given.text("ZTUNNEL_WORKER_THREADS") {
            rule = try Self.explicit(text)
            return
        }
        var limit = try Self.millicores("ZTUNNEL_CPU_LIMIT", given)
        if limit == nil { limit = try Self.millicores("ZTUNNEL_RESOURCE_CPU_LIMIT", given) }
        rule = .resources(limit: limit, request: try Self.millicores("ZTUNNEL_RESOURCE_CPU_REQUEST", given) ?? 0)
    }

    /// At least one. Without any word of ours: a quarter of the cores, two at least.
    func count(cores: Int) -> Int {
        switch rule {
        case .count(0): return max(1, cores)
        case .count(let count): return Int(count)
        case .percentage(let percentage): return max(1, (cores * Int(percentage) + 99) / 100)
        case .resources(let limit?, let request): return max(1, Self.cores(max(limit, request)))
        case .resources(nil, let request): return max(2, (cores + 3) / 4, Self.cores(request))
        }
    }

    private static func cores(_ millicores: UInt64) -> Int { Int((millicores + 999) / 1000) }

    private static func explicit(_ text: String) throws(ConfigurationError) -> Rule {
        let isPercentage = text.hasSuffix("%")
        let digits = isPercentage ? text.dropLast() : text[...]
        let most = isPercentage ? 100 : countMax
        guard let number = UInt64(digits), digits.utf8.allSatisfy(\.isASCIIDigit), number <= most,
            !isPercentage || number > 0
        else {
            throw ConfigurationError(
                "ZTUNNEL_WORKER_THREADS", text, "is no number from 0 to \(countMax) and no percentage from 1% to 100%")
        }
        return isPercentage ? .percentage(number) : .count(number)
    }

    /// A Kubernetes quantity of cores: `2`, `0.5`, `200m`. Nil for 0, which stands for no limit.
    private static func millicores(
        _ name: String, _ given: EnvironmentReader
    ) throws(ConfigurationError) -> UInt64? {
        guard let text = given.text(name) else { return nil }
        let isMilli = text.hasSuffix("m")
        let parts = (isMilli ? text.dropLast() : text[...]).split(
            separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard parts.allSatisfy({ (1...6).contains($0.utf8.count) && $0.utf8.allSatisfy(\.isASCIIDigit) }),
            let whole = UInt64(parts[0]), !isMilli || fraction.isEmpty
        else { throw ConfigurationError(name, text, "is no quantity of cores, such as 2, 0.5 or 200m") }
        let thousandths = UInt64((fraction + "000").prefix(3)) ?? 0
        let millicores = isMilli ? whole : whole * 1000 + thousandths
        return millicores == 0 ? nil : millicores
    }
}
