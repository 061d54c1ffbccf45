/// What we announce and keep to (ztunnel reference §1.8).
package struct HTTP2Settings: Hashable, Sendable {
    package var streamWindowBytes: Int32 = 4 << 20
    /// Four streams may stand still before others feel it.
    package var connectionWindowBytes: Int32 = 16 << 20
    package var frameBytes: UInt32 = 1 << 20
    package var headerListBytes: UInt32 = 64 << 10
    /// Announced by a server.
    package var concurrentStreams: UInt32 = 200
    package var pingAfterMilliseconds: UInt64 = 10_000
    package var pingTimeoutMilliseconds: UInt64 = 20_000
    package var handshakeTimeoutMilliseconds: UInt64 = 10_000

    package init() {}
}
