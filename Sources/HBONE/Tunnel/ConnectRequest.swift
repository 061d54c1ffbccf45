/// What a tunnel's stream is asked to be: a connection to `authority`, with what its client tells of itself. The values are as
/// they came from the peer: bounded in size, otherwise unchecked.
package struct ConnectRequest: Hashable, Sendable {
    /// Anything but `CONNECT` is to be refused.
    package var method = "CONNECT"
    /// Empty when the peer sent none.
    package var authority: String
    package var baggage: String?
    package var forwarded: String?
    package var traceparent: String?
    package var forwardedNetwork: String?

    package init(authority: String) { self.authority = authority }
}

/// A peer's answer to a CONNECT.
package struct ConnectResponse: Hashable, Sendable {
    /// 0 when the peer's answer had none.
    package var status = 0
    package var baggage: String?
}
