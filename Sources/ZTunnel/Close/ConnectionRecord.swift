package import Mesh

/// What is known about one connection. Owned by the connection; it ends exactly once, by `finish`.
package struct ConnectionRecord: ~Copyable {
    /// The room that the connection has come to.
    package var stage = ConnectionFailure.Stage.accept
    package var facts: ConnectionFacts
    private let startNanoseconds: UInt64
    private var isOpen = true

    /// - Parameter nowNanoseconds: of the monotonic clock, as in `finish`.
    package init(_ direction: ConnectionFacts.Direction, client: SocketAddress, nowNanoseconds: UInt64) {
        facts = ConnectionFacts(direction, client: client)
        startNanoseconds = nowNanoseconds
    }

    /// Whether both ends were joined: what happens from then on is no failure to connect.
    package var isEstablished: Bool { stage == .relay }

    package consuming func finish(_ failure: ConnectionFailure?, nowNanoseconds: UInt64) -> ConnectionSummary {
        isOpen = false
        return ConnectionSummary(
            facts: facts, failure: failure, wasEstablished: isEstablished,
            durationNanoseconds: nowNanoseconds - min(startNanoseconds, nowNanoseconds))
    }

    deinit { assert(!isOpen, "a connection left without a record") }
}

/// What a connection was, as it is told in the access log and the metrics.
package struct ConnectionFacts: Sendable {
    package enum Direction: String, Hashable, Sendable { case inbound, outbound }

    /// What mutual TLS agreed on.
    package struct Security: Hashable, Sendable {
        package var version: String
        package var cipher: String

        package init(version: String, cipher: String) {
            self.version = version
            self.cipher = cipher
        }
    }

    package var direction: Direction
    package var client: SocketAddress
    /// What this proxy dialled, or where the connection arrived.
    package var server: SocketAddress?
    /// What the CONNECT named.
    package var authority: ConnectAuthority?
    package var source: WorkloadEntry?
    package var destination: WorkloadEntry?
    package var service: ServiceEntry?
    /// Those that applied to a connection that was refused.
    package var policies: EffectivePolicies?
    /// What the source told of itself, where the configuration does not know it.
    package var sourceBaggage: Baggage?
    /// Proven by mutual TLS; nil on plaintext.
    package var sourceIdentity: SPIFFEIdentity?
    package var destinationIdentity: SPIFFEIdentity?
    /// Nil on plaintext.
    package var security: Security?
    package var decision: AuthorizationDecision?
    /// For a denial: what came closest to allowing it.
    package var nearestRule: NearestRule?
    /// From client to server.
    package var bytesReceived: UInt64 = 0
    /// From server to client.
    package var bytesSent: UInt64 = 0
    /// What of both the metrics have already.
    var bytesCounted: (received: UInt64, sent: UInt64) = (0, 0)

    package init(_ direction: Direction, client: SocketAddress) {
        self.direction = direction
        self.client = client
    }

    /// How much has been carried until now, from the client (`up`) and to it.
    package mutating func note(_ bytes: (up: UInt64, down: UInt64)) {
        bytesReceived = bytes.up
        bytesSent = bytes.down
    }
}

/// A connection that is over.
package struct ConnectionSummary: Sendable {
    package var facts: ConnectionFacts
    package var failure: ConnectionFailure?
    package var wasEstablished: Bool
    package var durationNanoseconds: UInt64

    package init(
        facts: ConnectionFacts, failure: ConnectionFailure?, wasEstablished: Bool, durationNanoseconds: UInt64
    ) {
        self.facts = facts
        self.failure = failure
        self.wasEstablished = wasEstablished
        self.durationNanoseconds = durationNanoseconds
    }
}
