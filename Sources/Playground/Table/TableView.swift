import Mesh

/// Lays connections out as text. Pure: what it prints depends on what it is given.
struct TableView: Hashable, Sendable {
    var columns: Int
    var isColoured: Bool

    init(columns: Int, isColoured: Bool) {
        self.columns = max(columns, 52)
        self.isColoured = isColoured
    }

    private struct Column {
        var title: String
        /// What it is given before the rest is shared out.
        var minimum: Int
        /// How much of the rest it gets, in parts.
        var share: Int
        /// Left out on narrower screens.
        var neededColumns = 0
    }

    private static let layout = [
        Column(title: "TIME", minimum: 8, share: 0, neededColumns: 100),
        Column(title: "", minimum: 1, share: 0),
        Column(title: "SOURCE", minimum: 12, share: 4),
        Column(title: "DESTINATION", minimum: 12, share: 4),
        Column(title: "SERVICE, SECURITY", minimum: 9, share: 2),
        Column(title: "POLICY", minimum: 10, share: 3),
        Column(title: "IN/OUT", minimum: 11, share: 0, neededColumns: 80),
        Column(title: "TOOK", minimum: 6, share: 0, neededColumns: 80),
    ]

    var header: String { styled(line(Self.layout.map { Cell($0.title) }), .dim) }

    /// Two lines: the workloads and what decided, and below them the identities and why.
    func lines(for connection: Connection) -> [String] {
        let mark: String
        let style: Style
        switch connection.verdict {
        case .served: (mark, style) = ("✔", .plain)
        case .denied: (mark, style) = ("✘", .red)
        case .failed: (mark, style) = ("!", .yellow)
        }
        let traffic = "\(Self.bytes(connection.bytesReceived))/\(Self.bytes(connection.bytesSent))"
        let first = line([
            Cell(Self.clock(connection.time)), Cell(mark), Cell(connection.source.title),
            Cell(connection.destination.title), Cell(connection.service.shortService), Cell(connection.decision),
            Cell(traffic), Cell(Self.duration(connection.durationMilliseconds)),
        ])
        let second = line([
            Cell(""), Cell(""), Cell(connection.source.identity, keepsEnd: true),
            Cell(connection.destination.identity, keepsEnd: true), Cell(connection.security), Cell(connection.reason),
            Cell(""), Cell(""),
        ])
        return [styled(first, style), styled(second, style == .plain ? .dim : style)]
    }

    private struct Cell {
        var text: String
        /// Identities of one trust domain differ at their ends.
        var keepsEnd: Bool

        init(_ text: String, keepsEnd: Bool = false) {
            self.text = text
            self.keepsEnd = keepsEnd
        }
    }

    // MARK: Layout

    private func line(_ cells: [Cell]) -> String {
        var text = ""
        for (cell, (column, width)) in zip(cells, widths) where columns >= column.neededColumns {
            text += cell.text.fitted(to: width, keepsEnd: cell.keepsEnd) + " "
        }
        while text.last == " " { text.removeLast() }
        return text
    }

    private var widths: [(Column, Int)] {
        let shown = Self.layout.filter { columns >= $0.neededColumns }
        let spare = max(0, columns - shown.reduce(0) { $0 + $1.minimum + 1 })
        let parts = shown.reduce(0) { $0 + $1.share }
        return Self.layout.map { ($0, $0.minimum + spare * $0.share / parts) }
    }

    // MARK: Units

    static func bytes(_ count: UInt64) -> String {
        switch count {
        case ..<1_000: "\(count)B"
        case ..<1_000_000: tenths(count, 1_000) + "k"
        case ..<1_000_000_000: tenths(count, 1_000_000) + "M"
        default: tenths(count, 1_000_000_000) + "G"
        }
    }

    private static func tenths(_ count: UInt64, _ unit: UInt64) -> String {
        count / unit >= 100 ? "\(count / unit)" : "\(count / unit).\(count % unit * 10 / unit)"
    }

    static func duration(_ milliseconds: UInt64) -> String {
        milliseconds < 10_000 ? "\(milliseconds)ms" : "\(milliseconds / 1_000)s"
    }

    /// `12:34:56` of `2026-01-02T12:34:56.789Z`.
    private static func clock(_ time: String) -> String {
        guard let start = time.firstIndex(of: "T") else { return time }
        return String(time[time.index(after: start)...].prefix(8))
    }

    // MARK: Colour

    private enum Style: String {
        case plain = ""
        case dim = "2"
        case red = "31"
        case yellow = "33"
    }

    private func styled(_ text: String, _ style: Style) -> String {
        isColoured && style != .plain ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }
}

// MARK: - Cells

extension Connection {
    /// Such as `mTLS 1.3 AES_128_GCM`.
    var security: String {
        guard isMutualTLS else { return "plaintext" }
        let version = tlsVersion.replacing("TLSv", with: "")
        let cipher = tlsCipher.replacing("TLS_", with: "").replacing("_SHA256", with: "").replacing("_SHA384", with: "")
        return "mTLS \(version) \(cipher)"
    }

    /// The policy that decided and its rule.
    var decision: String {
        guard let policy else { return verdict == .served ? "(none applies)" : "" }
        return policyRule.map { "\(policy)[\($0)]" } ?? policy
    }

    /// What is not said by the policy's name.
    fileprivate var reason: String {
        switch verdict {
        case .served: policy == nil ? policyReason ?? "" : ""
        case .denied: nearestRule ?? policyReason ?? ""
        case .failed(let reason): reason
        }
    }
}

extension AccessRecord.Party {
    /// `namespace/workload`, or the address of a stranger.
    var title: String {
        if workload.isEmpty { return address?.description ?? "?" }
        return namespace.isEmpty ? workload : "\(namespace)/\(workload)"
    }
}

extension String {
    /// `catalog.shop.svc.cluster.local` is `catalog.shop` to everyone who looks at it.
    var shortService: String {
        guard let end = firstRange(of: ".svc.") else { return self }
        return String(self[..<end.lowerBound])
    }

    /// Exactly `width` characters; what is too long loses an end, and shows it.
    fileprivate func fitted(to width: Int, keepsEnd: Bool) -> String {
        let length = count
        if length <= width { return self + String(repeating: " ", count: width - length) }
        if width <= 1 { return String(prefix(width)) }
        return keepsEnd ? "…" + suffix(width - 1) : prefix(width - 1) + "…"
    }
}
