package import Mesh

/// A value as what a field expects, or the fault that says what was found instead.
extension YAMLNode {
    package func fault(at path: String, _ problem: String) -> DocumentFault {
        DocumentFault(line: line, field: path, problem: problem)
    }

    package func string(at path: String) throws(DocumentFault) -> String {
        guard case .scalar(let scalar) = content, let text = scalar.string else {
            let advice = if case .scalar = content, !isNull { "; put it in quotes" } else { "" }
            throw fault(at: path, "expected a text, found \(kind)\(advice)")
        }
        return text
    }

    package func boolean(at path: String) throws(DocumentFault) -> Bool {
        guard case .scalar(let scalar) = content, let value = scalar.boolean else {
            throw fault(at: path, "expected true or false, found \(kind)")
        }
        return value
    }

    package func integer(in range: ClosedRange<Int>, at path: String) throws(DocumentFault) -> Int {
        guard case .scalar(let scalar) = content, let value = scalar.integer, range.contains(value) else {
            throw fault(
                at: path, "expected a number from \(range.lowerBound) to \(range.upperBound), found \(kind)")
        }
        return value
    }

    package func list<Item>(
        at path: String, _ read: (YAMLNode, String) throws(DocumentFault) -> Item
    ) throws(DocumentFault) -> [Item] {
        guard case .sequence(let nodes) = content else { throw fault(at: path, "expected a list, found \(kind)") }
        var items: [Item] = []
        items.reserveCapacity(nodes.count)
        for (index, node) in nodes.enumerated() { items.append(try read(node, "\(path)[\(index)]")) }
        return items
    }

    package func map<Key: Hashable, Value>(
        at path: String, _ read: (YAMLEntry, String) throws(DocumentFault) -> (Key, Value)
    ) throws(DocumentFault) -> [Key: Value] {
        guard case .mapping(let entries) = content else {
            throw fault(at: path, "expected a mapping, found \(kind)")
        }
        var pairs: [Key: Value] = [:]
        for entry in entries {
            let (key, value) = try read(entry, "\(path)[\(entry.key.text.quoted)]")
            guard pairs.updateValue(value, forKey: key) == nil else {
                throw DocumentFault(
                    line: entry.line, field: path,
                    problem: "expected each key once, found \(entry.key.text.quoted) again")
            }
        }
        return pairs
    }

    package func word<Word: Sendable>(among words: [(String, Word)], at path: String) throws(DocumentFault) -> Word {
        guard case .scalar(let scalar) = content,
            let word = words.first(where: { $0.0.lowercased() == scalar.text.lowercased() })
        else {
            let known = words.map(\.0).joined(separator: ", ")
            throw fault(at: path, "expected one of \(known), found \(kind)")
        }
        return word.1
    }

    package func port(at path: String) throws(DocumentFault) -> UInt16 {
        UInt16(try integer(in: 1...65535, at: path))
    }

    package func address(at path: String) throws(DocumentFault) -> IPAddress {
        guard case .scalar(let scalar) = content, let address = IPAddress(scalar.text) else {
            throw fault(at: path, "expected an IP address, found \(kind)")
        }
        return address
    }

    package func prefix(at path: String) throws(DocumentFault) -> IPPrefix {
        guard case .scalar(let scalar) = content, let prefix = IPPrefix(scalar.text) else {
            throw fault(at: path, "expected an IP address or a network as address/length, found \(kind)")
        }
        return prefix
    }
}
