import CLinux
import Glibc
package import Mesh

/// Finds the addresses of one host name. getaddrinfo(3) waits for servers, so that it has a thread of its own for as long as it
/// takes; one at a time, however often it is asked meanwhile. Owned by its reactor.
package final class NameLookup {
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// Of getaddrinfo(3), in words.
        case unknown(host: String, reason: String)
        case thread(Errno)

        package var description: String {
            switch self {
            case .unknown(let host, let reason): "\(host) cannot be looked up: \(reason)"
            case .thread(let failure): "no thread to look a name up: \(failure)"
            }
        }
    }

    package typealias Outcome = Result<[IPAddress], Failure>

    /// More addresses than anybody tries.
    private static let addressesMax = 16

    private let host: String
    private let mailbox: Mailbox<Outcome>
    private var isLooking = false
    private var answer: ((Outcome) -> Void)?

    package init(_ host: String, on reactor: Reactor) throws(Errno) {
        self.host = host
        mailbox = try Mailbox(capacity: 4)
        try reactor.open(mailbox) { [weak self] outcome in self?.found(outcome) }
    }

    /// An address needs no look-up: then the answer comes at once. Whoever asks again takes the earlier one's place.
    package func find(_ answer: @escaping (Outcome) -> Void) {
        if let address = IPAddress(host) { return answer(.success([address])) }
        self.answer = answer
        guard !isLooking else { return }
        do throws(Errno) {
            let (host, mailbox) = (host, mailbox)
            _ = try KernelThread(named: "lookup") { mailbox.post(Self.look(up: host)) }
            isLooking = true
        } catch {
            found(.failure(.thread(error)))
        }
    }

    /// Nobody waits for the answer any more.
    package func forget() { answer = nil }

    private func found(_ outcome: Outcome) {
        isLooking = false
        let answer = answer
        self.answer = nil
        answer?(outcome)
    }

    private static func look(up host: String) -> Outcome {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            return .failure(.unknown(host: host, reason: unsafe String(cString: gai_strerror(status))))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var entry = unsafe list
        while let present = unsafe entry, addresses.count < addressesMax {
            if let address = unsafe address(present.pointee), !addresses.contains(address) { addresses.append(address) }
            unsafe entry = present.pointee.ai_next
        }
        guard !addresses.isEmpty else { return .failure(.unknown(host: host, reason: "it has no address")) }
        return .success(addresses)
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let form = unsafe entry.ai_addr, unsafe entry.ai_addrlen <= MemoryLayout<sockaddr_in6>.size else {
            return nil
        }
        return unsafe SocketAddress { room, length in
            unsafe memcpy(room, form, Int(entry.ai_addrlen))
            unsafe length.pointee = entry.ai_addrlen
            return 0
        }?.ip
    }
}

@available(*, unavailable)
extension NameLookup: Sendable {}
