package import Reactor

/// Why something asked of the kernel by netlink did not happen.
package enum NetlinkError: Error, Hashable, Sendable {
    /// The kernel said no to one message: which, why, and in its own words where it has some (NLMSGERR_ATTR_MSG).
    case refused(request: String, Errno, explanation: String?)
    /// A system call on the socket failed.
    case failed(call: String, Errno)
    /// What came back is not a netlink answer.
    case malformed(String)
    /// More was to be sent, or came back, than the bound that is named.
    case tooMuch(String)
    /// The kernel's tables changed each time while they were read (NLM_F_DUMP_INTR).
    case keepsChanging(request: String)

    /// What the kernel refused with; nil for everything else.
    package var refusal: Errno? {
        if case .refused(_, let code, _) = self { code } else { nil }
    }
}

extension NetlinkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let request, let code, let explanation?): "cannot \(request): \(code) (\(explanation))"
        case .refused(let request, let code, nil): "cannot \(request): \(code)"
        case .failed(let call, let code): "netlink \(call): \(code)"
        case .malformed(let what): "unexpected netlink answer: \(what)"
        case .tooMuch(let what): "netlink: more than \(what)"
        case .keepsChanging(let request): "cannot \(request): it changes all the time"
        }
    }
}
