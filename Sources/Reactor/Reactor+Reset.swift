extension Reactor {
    private static let resetLookMilliseconds: UInt64 = 5
    private static let resetLooks = 10

    /// Whoever has this, has the socket open.
    package final class SocketHolder {
        let socket: Descriptor
        package init(_ socket: consuming Descriptor) { self.socket = socket }
    }

    /// Ends a connection with a reset that its peer believes.
    ///
    /// A reset that overtakes bytes is answered by a challenge (RFC 5961 §3.2), and the kernel does not answer that under an
    /// address that is not its own (IP_TRANSPARENT): the application would wait for ever. So the socket stays until what
    /// it sent has been taken, 50 ms at most; by then nothing is on its way to an application that does not read.
    ///
    /// - Parameter owner: has the socket `raw` open, and closes it when it goes.
    package func reset(_ raw: CInt, heldBy owner: AnyObject) {
        Socket.resetOnClose(raw)
        look(raw, owner, looksLeft: Self.resetLooks)
    }

    package func reset(_ socket: consuming Descriptor) {
        let raw = socket.raw
        reset(raw, heldBy: SocketHolder(socket))
    }

    private func look(_ raw: CInt, _ owner: AnyObject, looksLeft: Int) {
        guard looksLeft > 0, Socket.unacknowledgedBytes(of: raw) > 0 else { return }
        _ = after(milliseconds: Self.resetLookMilliseconds) { [unowned self] in
            self.look(raw, owner, looksLeft: looksLeft - 1)
        }
    }
}
