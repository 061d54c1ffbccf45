import Reactor

/// What a peer has done that costs us work and moves nothing, and whether that has been too much.
struct PeerConduct {
    private var idleFrames: TokenBucket
    private var resets: TokenBucket
    /// How the peer went too far; nil while it has not.
    private(set) var offence: String?

    init(_ settings: HTTP2Settings) {
        idleFrames = TokenBucket(burst: settings.idleFrameBurst, perSecond: settings.idleFramesPerSecond)
        resets = TokenBucket(burst: settings.resetBurst, perSecond: settings.resetsPerSecond)
    }

    /// A frame that carries nothing, or that is answered with the reset of its stream.
    mutating func admitsIdleFrame(nowNanoseconds: UInt64) -> Bool {
        if idleFrames.take(nowNanoseconds: nowNanoseconds) { return true }
        offence = "the peer sends too many frames that carry nothing"
        return false
    }

    /// A request that is taken back, or a connection that is broken off.
    mutating func admitsReset(nowNanoseconds: UInt64) -> Bool {
        if resets.take(nowNanoseconds: nowNanoseconds) { return true }
        offence = "the peer takes back too many of its requests"
        return false
    }
}
