/// What we announce and keep to (ztunnel reference §1.8), and what we let a peer do.
package struct HTTP2Settings: Hashable, Sendable {
    package var streamWindowBytes: Int32 = 4 << 20
    /// Of each stream while its pod stores much: small, and yet none stands still.
    package var narrowStreamWindowBytes: Int32 = 64 << 10
    /// Four streams may stand still before others feel it.
    package var connectionWindowBytes: Int32 = 16 << 20
    package var frameBytes: UInt32 = 1 << 20
    /// A CONNECT of ours has less than one kilobyte.
    package var headerListBytes: UInt32 = 16 << 10
    /// Announced by a server.
    package var concurrentStreams: UInt32 = 200
    package var pingAfterMilliseconds: UInt64 = 10_000
    package var pingTimeoutMilliseconds: UInt64 = 20_000
    package var handshakeTimeoutMilliseconds: UInt64 = 10_000

    /// Frames that move no bytes (see `HTTP2Session.movesNothing`) and streams that are no requests, at once and a second.
    /// In the long run a tunnel needs one in seconds.
    package var idleFrameBurst: UInt64 = 2_000
    package var idleFramesPerSecond: UInt64 = 100

    /// CVE-2023-44487: resets are a right of applications behind a tunnel, so the bound is far above what a busy one makes. The
    /// burst fits into one turn, whose work others wait for.
    package var resetBurst: UInt64 = 1_000
    package var resetsPerSecond: UInt64 = 1_000

    /// A stream whose peer is gone waits so long for an application that takes none of what is left.
    package var detachedStallMilliseconds: UInt64 = 60_000

    package init() {}
}
