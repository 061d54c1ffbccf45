/// One direction of a relay between two plain sockets, from `source` to `target`.
///
/// A pure value: it owns no descriptor and calls no system. The caller reports what happened and performs the returned
/// `Step`, so that every interleaving can be tested without a socket.
struct HalfRelay: Equatable {
    enum Step: Equatable {
        /// Move bytes from the source into the pipe.
        case fill
        /// Move what the pipe holds into the target.
        case drain
        /// Send FIN to the target: the source has ended and everything it sent was passed on.
        case shutdownTarget
        /// Nothing can be done before one of the sockets is ready.
        case await
        case finished
    }

    private enum Phase { case open, draining, closed }

    private var phase = Phase.open
    private var isSourceReadable = true
    private var isTargetWritable = true
    private var isPipeEmpty = true

    var isFinished: Bool { phase == .closed }

    mutating func sourceReady() -> Step {
        isSourceReadable = true
        return next()
    }

    mutating func targetReady() -> Step {
        isTargetWritable = true
        return next()
    }

    mutating func filled() -> Step {
        isPipeEmpty = false
        return next()
    }

    mutating func sourceBlocked() -> Step {
        isSourceReadable = false
        return next()
    }

    mutating func sourceEnded() -> Step {
        phase = .draining
        return next()
    }

    mutating func drained(isEmpty: Bool) -> Step {
        isPipeEmpty = isEmpty
        return next()
    }

    mutating func targetBlocked() -> Step {
        isTargetWritable = false
        return next()
    }

    mutating func targetShutDown() -> Step {
        phase = .closed
        return next()
    }

    func next() -> Step {
        switch phase {
        case .closed: .finished
        case .open, .draining:
            if !isPipeEmpty {
                isTargetWritable ? .drain : .await
            } else if phase == .draining {
                .shutdownTarget
            } else {
                isSourceReadable ? .fill : .await
            }
        }
    }
}
