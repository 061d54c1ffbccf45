/// The memory in which one pod's tunnels keep received bytes that applications have not taken.
///
/// A stream's window bounds what it can make us keep, but a pod may have thousands of streams. From a quarter of the limit on
/// all its tunnels give their streams narrow windows, so that peers wait; that is enough for peers that keep to the protocol, with
/// a thousand applications that stand still. For others there is the limit: there the stream that holds most is cut. What is
/// stored never keeps a tunnel from being read: others' bytes, pings and windows are behind it. Thread-confined.
package final class StorageBudget {
    private let limit: Int
    /// Bytes of memory.
    package private(set) var stored = 0
    private(set) var isNarrow = false
    private var tunnels: [ObjectIdentifier: Tunnel] = [:]
    /// Streams that hold something.
    private var holders: [ObjectIdentifier: TunnelStream] = [:]

    /// - Parameter limit: bytes.
    package init(limit: Int) { self.limit = limit }

    func open(_ tunnel: Tunnel) { tunnels[ObjectIdentifier(tunnel)] = tunnel }
    func close(_ tunnel: Tunnel) { tunnels[ObjectIdentifier(tunnel)] = nil }

    /// A stream holds so much more than before, or less.
    func changed(_ stream: TunnelStream, by bytes: Int) {
        stored += bytes
        holders[ObjectIdentifier(stream)] = stream.storedBytes > 0 ? stream : nil
        adjustWindows()
        while stored > limit, let largest = holders.values.max(by: { $0.storedBytes < $1.storedBytes }) {
            largest.cut()
        }
    }

    private func adjustWindows() {
        let shouldBeNarrow = stored > (isNarrow ? limit / 16 : limit / 4)
        guard shouldBeNarrow != isNarrow else { return }
        isNarrow = shouldBeNarrow
        for tunnel in tunnels.values { tunnel.adjustWindows() }
    }
}

@available(*, unavailable)
extension StorageBudget: Sendable {}
