import Glibc

/// Reading and writing whole pieces, for callers to whom a copy is nothing.
package enum Bytes {
    package enum Reading: Hashable, Sendable {
        case bytes([UInt8])
        case wouldBlock
        case ended
    }

    /// What is there, up to a limit.
    package static func read(_ descriptor: CInt, limitBytes: Int) throws(Errno) -> Reading {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limitBytes) { room, count in
            let outcome = retrying { unsafe Glibc.read(descriptor, room.baseAddress, limitBytes) }
            (count, failure) = (max(outcome.count, 0), outcome.failure)
        }
        if let failure {
            guard failure == .wouldBlock else { throw failure }
            return .wouldBlock
        }
        return bytes.isEmpty ? .ended : .bytes(bytes)
    }

    /// Writes as much as is taken now; returns how many bytes that was.
    package static func write(_ descriptor: CInt, _ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        let outcome = unsafe bytes.withUnsafeBytes { raw in
            retrying { unsafe Glibc.write(descriptor, raw.baseAddress, raw.count) }
        }
        if let failure = outcome.failure {
            guard failure == .wouldBlock else { throw failure }
            return 0
        }
        return outcome.count
    }

    /// errno is read right after the call, before anything else could change it.
    static func retrying(_ call: () -> Int) -> (count: Int, failure: Errno?) {
        while true {
            let count = call()
            if count >= 0 { return (count, nil) }
            let failure = Errno.last
            if failure != .interrupted { return (count, failure) }
        }
    }
}
