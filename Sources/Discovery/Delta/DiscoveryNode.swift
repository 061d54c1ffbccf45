import SwiftProtobuf

/// Who asks: told on the first request of a stream.
package struct DiscoveryNode: Hashable, Sendable {
    /// `kind~address~pod.namespace~domain`.
    package var id: String
    package var cluster: String
    package var metadata: [String: MetadataValue]

    package init(id: String, cluster: String = "", metadata: [String: MetadataValue] = [:]) {
        self.id = id
        self.cluster = cluster
        self.metadata = metadata
    }
}

/// What JSON can say.
package indirect enum MetadataValue: Hashable, Sendable {
    case string(String)
    case number(Double)
    case flag(Bool)
    case list([MetadataValue])
    case fields([String: MetadataValue])
    case null

    /// Nil when it is no text.
    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}

// MARK: - Wire

extension DiscoveryNode {
    init(wire: WireNode) throws(DiscoveryFault) {
        self.init(
            id: try wire.id.bounded("node.id"), cluster: try wire.cluster.bounded("node.cluster"),
            metadata: wire.metadata.fields.mapValues(MetadataValue.init(wire:)))
    }

    var wire: WireNode {
        .with {
            $0.id = id
            $0.cluster = cluster
            if !metadata.isEmpty { $0.metadata = .init(fields: metadata.mapValues(\.wire)) }
        }
    }
}

extension MetadataValue {
    /// Nil when it is no JSON, or deeper than anybody writes it.
    package init?(json text: String) {
        guard let value = try? Google_Protobuf_Value(jsonString: text) else { return nil }
        self.init(wire: value)
    }

    /// As deep as the decoder of messages lets it be.
    fileprivate init(wire: Google_Protobuf_Value) {
        switch wire.kind {
        case .stringValue(let text): self = .string(text)
        // JSON knows no other numbers.
        case .numberValue(let number): self = number.isFinite ? .number(number) : .null
        case .boolValue(let flag): self = .flag(flag)
        case .listValue(let list): self = .list(list.values.map(MetadataValue.init(wire:)))
        case .structValue(let fields): self = .fields(fields.fields.mapValues(MetadataValue.init(wire:)))
        case .nullValue, nil: self = .null
        }
    }

    fileprivate var wire: Google_Protobuf_Value {
        switch self {
        case .string(let text): .init(stringValue: text)
        case .number(let number): .init(numberValue: number)
        case .flag(let flag): .init(boolValue: flag)
        case .list(let values): .init(listValue: .with { $0.values = values.map(\.wire) })
        case .fields(let fields): .init(structValue: .init(fields: fields.mapValues(\.wire)))
        case .null: .with { $0.nullValue = .nullValue }
        }
    }
}
