/// Columns as wide as their widest cell, three blanks apart, as kubectl has them.
struct TextTable {
    let titles: [String]
    var rows: [[String]] = []
    var indent = 0

    /// Lines, each with its end. An empty cell is shown as `-`, except in the last column.
    var text: String {
        let shown =
            [titles]
            + rows.map { row in
                row.enumerated().map { $0.element.isEmpty && $0.offset < row.count - 1 ? "-" : $0.element.printable }
            }
        let widths = titles.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
        return shown.map { row in
            var line = String(repeating: " ", count: indent)
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 3)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}

/// `Name:  value` lines, the values below each other, as `kubectl describe` has them.
struct FieldList {
    private var fields: [(name: String, lines: [String])] = []

    /// A field without a value is shown as `-`.
    mutating func add(_ name: String, _ lines: [String]) { fields.append((name, lines.isEmpty ? ["-"] : lines)) }

    mutating func add(_ name: String, _ value: String) { add(name, [value.isEmpty ? "-" : value]) }

    var text: String {
        let width = (fields.map(\.name.count).max() ?? 0) + 3
        return fields.flatMap { name, lines in
            lines.enumerated().map { index, line in
                let head = index == 0 ? "\(name):" : ""
                return head + String(repeating: " ", count: width - head.count) + line.printable + "\n"
            }
        }.joined()
    }
}
