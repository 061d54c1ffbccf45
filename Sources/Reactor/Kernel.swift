import CLinux
import Glibc

/// What the loop asks of the system, so that a test can script each answer.
package protocol Kernel: AnyObject {
    /// The monotonic clock.
    func nanoseconds() -> UInt64
    /// Registers a descriptor once, edge-triggered, for reading and writing.
    func watch(_ descriptor: CInt, as token: Token) throws(Errno)
    func unwatch(_ descriptor: CInt)
    /// Waits and calls `body` for each event. A nil timeout waits without end; an interruption is an empty batch.
    func wait(timeoutMilliseconds: Int32?, _ body: (Token, Readiness) -> Void) throws(Errno)
    func accept(_ listener: CInt) -> Acceptance
    /// Whether the next descriptor of this process will have a lower number than this one.
    func hasDescriptor(below ceiling: CInt) -> Bool
}

/// What accept(2) gave.
package enum Acceptance: Equatable {
    case accepted(descriptor: CInt)
    case wouldBlock
    /// That connection ended before it was taken; the next one may be fine (accept(2), "Error handling").
    case gone
    case failed(Errno)
}

/// The kernel itself. Owned by one reactor.
@safe package final class LinuxKernel: Kernel {
    /// Enough that a busy turn is one system call, few enough that no descriptor waits long.
    private static let batchSize = 256

    private let epoll: Descriptor
    private let events: UnsafeMutablePointer<epoll_event>

    package init() throws(Errno) {
        let raw = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard raw >= 0 else { throw .last }
        epoll = Descriptor(owning: raw)
        unsafe events = .allocate(capacity: Self.batchSize)
    }

    deinit { unsafe events.deallocate() }

    package func nanoseconds() -> UInt64 { Self.monotonicNanoseconds() }

    package static func monotonicNanoseconds() -> UInt64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    package func watch(_ descriptor: CInt, as token: Token) throws(Errno) {
        let interest = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        var event = unsafe epoll_event(events: interest, data: epoll_data_t(u64: token.word))
        guard unsafe epoll_ctl(epoll.raw, EPOLL_CTL_ADD, descriptor, &event) == 0 else { throw .last }
    }

    package func unwatch(_ descriptor: CInt) {
        var event = unsafe epoll_event()
        _ = unsafe epoll_ctl(epoll.raw, EPOLL_CTL_DEL, descriptor, &event)
    }

    package func wait(timeoutMilliseconds: Int32?, _ body: (Token, Readiness) -> Void) throws(Errno) {
        let count = unsafe epoll_wait(epoll.raw, events, Int32(Self.batchSize), timeoutMilliseconds ?? -1)
        guard count >= 0 else {
            let failure = Errno.last
            if failure == .interrupted { return }
            throw failure
        }
        for index in 0..<Int(count) {
            let event = unsafe events[index]
            unsafe body(Token(word: event.data.u64), Readiness(rawValue: event.events))
        }
    }

    package func accept(_ listener: CInt) -> Acceptance {
        let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let raw = CLinux_accept4(listener, nil, nil, flags)
        guard raw < 0 else { return .accepted(descriptor: raw) }
        let failure = Errno.last
        switch failure.code {
        case EAGAIN: return .wouldBlock
        case EINTR, ECONNABORTED, EPERM, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, ENETUNREACH:
            return .gone
        default: return .failed(failure)
        }
    }

    package func hasDescriptor(below ceiling: CInt) -> Bool {
        // The kernel gives out the lowest number that is free.
        let lowest = dup(epoll.raw)
        guard lowest >= 0 else { return false }
        _ = Descriptor(owning: lowest)
        return lowest < ceiling
    }
}
