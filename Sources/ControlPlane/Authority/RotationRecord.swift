package import Mesh

/// How far one root has taken another's place: what must outlive this process.
package struct RotationRecord: Codable, Hashable, Sendable {
    package enum Phase: String, Codable, Sendable {
        /// Both are trusted, and the old one signs.
        case announcing
        /// Both are trusted, and the new one signs.
        case signing
        /// The new one is trusted alone.
        case finishing
    }

    package var phase: Phase
    package let old: Fingerprint
    package let new: Fingerprint
    /// When this phase began, in seconds since 1970.
    package var since: Int64
    /// Who may hold a certificate of before this phase, and until when: seconds since 1970.
    package var awaited: [String: Int64]

    package init(_ phase: Phase, old: Fingerprint, new: Fingerprint, since: Int64, awaited: [String: Int64]) {
        self.phase = phase
        self.old = old
        self.new = new
        self.since = since
        self.awaited = awaited
    }
}

extension Fingerprint: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Fingerprint(hexadecimal: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a SHA-256")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
