import Foundation

/// What is to be known of a world from outside, as `status` tells it.
struct WorldStatus: Hashable, Codable {
    enum Phase: String, Hashable, Codable { case starting, proving, ready, failed }

    struct Node: Hashable, Codable {
        var name: String
        var namespace: String
        var address: String
        var podNetwork: String
        var programs: [Program]
    }

    struct Program: Hashable, Codable {
        var name: String
        var state: String
        var restarts: Int
        var log: String
    }

    struct Pod: Hashable, Codable {
        var namespace: String
        var name: String
        var node: String
        var ip: String
        var serviceAccount: String
        var identity: String
        /// `enabled`, `outside`, or where enrolment stands.
        var mesh: String
        /// Connections of an enabled pod that are older than its enrolment, and so outside the mesh.
        var olderConnections: Int
        var phase: String
        var ready: Bool
        var restarts: Int
        var message: String
        var networkNamespace: String
        /// Nil for a pod on its host's network.
        var hostname: String?
        /// What a program that is run in the pod gets.
        var environment: [String: String]
        var directory: String
    }

    struct Service: Hashable, Codable {
        var namespace: String
        var name: String
        var address: String
        var ports: [String]
        var endpoints: Int
    }

    struct Proof: Hashable, Codable {
        var claim: String
        var outcome: String
        var observed: String
    }

    var phase = Phase.starting
    /// What is waited for, while starting.
    var waitingFor: [String] = []
    var process: Int32 = 0
    var manifests = ""
    var nodes: [Node] = []
    var pods: [Pod] = []
    var services: [Service] = []
    var proofs: [Proof] = []
    /// What is wrong with the manifests as they are now; the world goes on as they last were.
    var problems: [String] = []

    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array((try? encoder.encode(self)) ?? Data()) + [UInt8(ascii: "\n")]
    }
}
