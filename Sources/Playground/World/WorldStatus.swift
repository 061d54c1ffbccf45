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
        var proxy = Proxy()
    }

    /// How far a node's ztunnel is, as the controller sees it.
    struct Proxy: Hashable, Codable {
        var connected = false
        /// Whether all that the controller knows is in force there.
        var inSync = false
        /// The version of the world as far as it is in force there.
        var acknowledged: UInt64 = 0
        /// What it could not use, and why.
        var rejections: [String: String] = [:]
    }

    struct Controller: Hashable, Codable {
        var address: String
        var program: Program
        /// Whether it answers, and has read all manifests.
        var ready = false
        /// Of the world, as far as it has read it.
        var version: UInt64 = 0
    }

    struct Program: Hashable, Codable {
        var name: String
        var state: String
        /// Its process id while it runs.
        var process: Int32?
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
    var controller: Controller?
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
