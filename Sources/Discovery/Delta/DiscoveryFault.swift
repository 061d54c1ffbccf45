import SwiftProtobuf

/// Why a message between a proxy and its control plane was refused as a whole.
package enum DiscoveryFault: Error, Hashable, CustomStringConvertible {
    case tooLong(bytes: Int, limit: Int)
    /// Not a protobuf message of this kind, or text that is not UTF-8.
    case malformed(message: String)
    case missingField(String)
    /// More of something than can be meant honestly, or a name that is longer than any.
    case outOfBounds(field: String)

    package var description: String {
        switch self {
        case .tooLong(let bytes, let limit): "a message of \(bytes) bytes, at most \(limit) are allowed"
        case .malformed(let message): "not a \(message)"
        case .missingField(let field): "\(field) is missing"
        case .outOfBounds(let field): "\(field) is longer than allowed"
        }
    }
}

/// What one message may hold. A control plane is trusted with the mesh, yet not with a process's memory.
package enum DiscoveryLimits {
    /// What a proxy reads: what the published ones read. A first answer holds the whole mesh.
    package static let responseBytes = 200 << 20
    /// What a control plane reads: a name and a version for each of 250,000 resources.
    package static let requestBytes = 64 << 20
    /// One resource. An object of Kubernetes has at most 1.5 MiB.
    package static let resourceBytes = 2 << 20
    /// A resource's name, an alias, a version, a nonce.
    package static let nameBytes = 1024
    /// What a rejection says; longer ones are cut where they are written and where they are read.
    package static let rejectionBytes = 64 << 10
    /// A node's metadata, and a request for a certificate.
    package static let nodeBytes = 256 << 10
    package static let certificateBytes = 1 << 20
    /// Roots, and the lists of what is revoked: some 200,000 certificates.
    package static let trustBytes = 8 << 20
}

extension Message {
    init(bytes: [UInt8], limit: Int, _ message: String) throws(DiscoveryFault) {
        guard bytes.count <= limit else { throw .tooLong(bytes: bytes.count, limit: limit) }
        do {
            try self.init(serializedBytes: bytes)
        } catch {
            throw .malformed(message: message)
        }
    }

    /// The same bytes for the same value: the entries of maps in the order of their keys.
    var deterministicBytes: [UInt8] {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        // None of our messages has a required field, or an Any that is not bytes already.
        guard let bytes: [UInt8] = try? serializedBytes(options: options) else {
            preconditionFailure("\(Self.self) as bytes")
        }
        return bytes
    }
}

extension String {
    /// A name, version or nonce of a peer's.
    func bounded(_ field: String) throws(DiscoveryFault) -> String {
        guard utf8.count <= DiscoveryLimits.nameBytes else { throw .outOfBounds(field: field) }
        return self
    }

    /// Its beginning, of at most `limit` bytes, cut between characters.
    func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        let end = utf8.index(utf8.startIndex, offsetBy: limit)
        // An index within a character is rounded down to where the character begins.
        return String(self[..<unicodeScalars.index(end, offsetBy: 0)])
    }
}

extension [String] {
    func bounded(_ field: String) throws(DiscoveryFault) -> [String] {
        for name in self { _ = try name.bounded(field) }
        return self
    }
}
