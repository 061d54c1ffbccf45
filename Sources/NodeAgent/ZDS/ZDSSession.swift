package import Discovery

/// The dialogue with one node proxy, as a pure value: facts in, orders out.
///
/// The proxy says hello; then it is asked one thing after another, each answered before the next is sent: first every
/// pod that is known, then that this was all, then what comes and goes.
package struct ZDSSession: Equatable {
    package enum Order: Equatable {
        /// Send this; it is to be answered in time.
        case send(ZDSRequest)
        /// The proxy answered a request: nil, or why it could not.
        case answered(ZDSRequest, error: String?)
        /// End the connection: the proxy broke the protocol, in the way that is told.
        case close(String)
    }

    /// For the hello and for each answer.
    static let answerLimitMilliseconds: UInt64 = 5000

    private enum Phase: Equatable { case awaitingHello, open, closed }

    private var phase = Phase.awaitingHello
    private var inFlight: ZDSRequest?
    private var queue: [ZDSRequest] = []

    package init() {}

    /// Whether the proxy has said hello, and takes requests.
    package var isOpen: Bool { phase == .open }

    /// Whether the proxy owes an answer.
    package var isAwaited: Bool { phase == .awaitingHello || inFlight != nil }

    /// A packet came. `pods` is what the agent knows now; it is asked for once, at the hello.
    package mutating func received(_ packet: [UInt8], pods: () -> [ZDSRequest]) -> [Order] {
        do throws(ZDSError) {
            switch phase {
            case .awaitingHello:
                _ = try ZDSHello(decoding: packet)
                phase = .open
                queue = pods() + [.snapshotSent]
                return next()
            case .open:
                guard let request = inFlight else { return close("an answer that nobody asked for") }
                switch try ZDSResponse(decoding: packet) {
                case .ack(let error):
                    inFlight = nil
                    return [.answered(request, error: error)] + next()
                }
            case .closed: return []
            }
        } catch {
            return close("\(error)")
        }
    }

    /// Something to ask. Before the hello there is nothing to add to what the list of pods will say.
    package mutating func submit(_ request: ZDSRequest) -> [Order] {
        switch phase {
        case .awaitingHello, .closed: return []
        case .open:
            if !queue.contains(request) { queue.append(request) }
            return inFlight == nil ? next() : []
        }
    }

    package mutating func deadlinePassed() -> [Order] {
        guard isAwaited, phase != .closed else { return [] }
        return close(phase == .awaitingHello ? "no hello in time" : "no answer in time")
    }

    /// The connection ended. What was not answered never will be.
    package mutating func ended() -> [ZDSRequest] {
        defer {
            phase = .closed
            inFlight = nil
            queue = []
        }
        return (inFlight.map { [$0] } ?? []) + queue
    }

    private mutating func next() -> [Order] {
        guard inFlight == nil, !queue.isEmpty else { return [] }
        let request = queue.removeFirst()
        inFlight = request
        return [.send(request)]
    }

    private func close(_ reason: String) -> [Order] { [.close(reason)] }
}
