import Crypto
package import Foundation
import SwiftASN1
package import X509

/// What a rotation leaves in the authority's directory, beside the files that everybody knows.
///
/// The record says where the files are to be; `bring` makes them so, and may be broken off and begun again at any point.
extension AuthorityFiles {
    private static let recordName = "rotation.json"
    private static let holdersName = "holders.json"
    private static let nextIssuerName = "next-cert.pem"
    private static let nextKeyName = "next-key.pem"

    /// Makes the successor of the root, which nobody is told of yet.
    package func makeNextRoot(trustDomain: String, seconds: Double, now: Date) throws -> Certificate {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let root = try IssuingMaterial.selfSignedRoot(key: key, trustDomain: trustDomain, seconds: seconds, now: now)
        try write(try key.serializeAsPEM().pemString + "\n", Self.nextKeyName)
        try write(try root.serializeAsPEM().pemString + "\n", Self.nextIssuerName)
        return root
    }

    /// Nil when no rotation is under way.
    package func record() throws -> RotationRecord? { try value(in: Self.recordName) }

    package func write(_ record: RotationRecord) throws { try writeValue(record, Self.recordName) }

    /// Who may hold certificates, and until when: seconds since 1970.
    package func holders() throws -> [String: Int64] { try value(in: Self.holdersName) ?? [:] }

    package func write(holders: [String: Int64]) throws {
        try writeValue(holders, Self.holdersName, isLasting: false)
    }

    private func value<Value: Decodable>(in name: String) throws -> Value? {
        guard exists(name) else { return nil }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(try text(name).utf8))
        } catch is DecodingError {
            throw unusable(name, "is not as it was written")
        }
    }

    private func writeValue(_ value: some Encodable, _ name: String, isLasting: Bool = true) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n", name, isLasting: isLasting)
    }

    /// Makes the files what the record says.
    ///
    /// - Returns: false when somebody has put other files there: the rotation is theirs from now on.
    package func bring(to record: RotationRecord) throws -> Bool {
        let issuer = try certificates(in: issuerName).first?.fingerprint
        switch record.phase {
        case .announcing:
            guard issuer == record.old, let next = try next(record) else { return false }
            try trust { roots in try roots.contains { try $0.fingerprint == record.new } ? roots : roots + [next] }
        case .signing:
            if issuer != record.new {
                guard issuer == record.old, let next = try next(record) else { return false }
                // The certificate last: where it is the new one, so is the key.
                try write(try text(Self.nextKeyName), keyName)
                try write(try next.serializeAsPEM().pemString + "\n", issuerName)
            }
            try removeNext()
        case .finishing:
            guard issuer == record.new else { return false }
            try trust { roots in try roots.filter { try $0.fingerprint != record.old } }
            try remove(Self.recordName)
        }
        return true
    }

    /// Another directory's word counts: nothing of a rotation is left.
    package func abandonRotation() throws {
        try remove(Self.recordName)
        try removeNext()
    }

    private func next(_ record: RotationRecord) throws -> Certificate? {
        guard exists(Self.nextKeyName), exists(Self.nextIssuerName) else { return nil }
        let next = try certificates(in: Self.nextIssuerName).first
        return try next?.fingerprint == record.new ? next : nil
    }

    private func removeNext() throws {
        try remove(Self.nextKeyName)
        try remove(Self.nextIssuerName)
    }

    private func trust(_ change: ([Certificate]) throws -> [Certificate]) throws {
        let roots = try certificates(in: rootName)
        let changed = try change(roots)
        guard changed != roots else { return }
        try write(try changed.map { try $0.serializeAsPEM().pemString + "\n" }.joined(), rootName)
    }
}
