import Controller
import Discovery
import Foundation

/// How an answer is written.
package enum OutputFormat: String, CaseIterable, Sendable {
    case text, wide, json, yaml, name

    /// For programs; nil for those that are for people.
    func structured(_ answer: some Encodable) -> String? {
        switch self {
        case .json: StructuredText.json(answer)
        case .yaml: StructuredText.yaml(answer)
        case .text, .wide, .name: nil
        }
    }
}

/// An answer as programs read it: the fields in the order of their names.
enum StructuredText {
    static func json(_ answer: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: (try? encoder.encode(answer)) ?? Data(), as: UTF8.self) + "\n"
    }

    static func yaml(_ answer: some Encodable) -> String {
        guard let data = try? JSONEncoder().encode(answer),
            let value = try? JSONDecoder().decode(JSONValue.self, from: data)
        else { return "" }
        return YAMLEmitter.text(of: value.yaml)
    }
}

/// What JSON can say.
enum JSONValue: Hashable, Decodable {
    case null
    case truth(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case fields([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .truth(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .fields(try container.decode([String: JSONValue].self))
        }
    }

    var yaml: YAMLNode {
        switch self {
        case .null: .literal("null")
        case .truth(let value): .literal(value)
        case .integer(let value): .literal(value)
        case .number(let value): .literal(value)
        case .text(let value): .text(value)
        case .list(let values): .list(values.map(\.yaml))
        case .fields(let values):
            YAMLNode(
                .mapping(
                    values.sorted { $0.key < $1.key }.map {
                        YAMLEntry(key: YAMLScalar(text: $0.key, style: .quoted), value: $0.value.yaml)
                    }))
        }
    }
}

extension JSONValue: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .truth(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .fields(let values): try container.encode(values)
        }
    }
}

/// Several answers.
struct Items<Item: Encodable>: Encodable {
    let items: [Item]
}
