import Discovery
import Glibc
import Reactor

/// Where node proxies come to ask for pods. Two may be there while one takes over from the other: the newest is given
/// what comes, all are told what goes. Thread-confined.
final class ZDSServer: ZDSConnection.Owner {
    /// Whom the server asks and tells.
    protocol Owner: AnyObject {
        /// Every pod that a proxy should serve, as requests.
        func knownPods() -> [ZDSRequest]
        func namespace(ofPod uid: String) -> NetworkNamespace?
        func acknowledged(_ uid: String)
        func refused(_ uid: String, _ reason: String)
    }

    /// An old proxy, its successor, and a few that are gone without our knowing yet.
    private static let connectionsMax = 8

    private let reactor: Reactor
    private let log: Log
    private unowned let owner: any Owner
    private var listener: Listener?
    /// The newest last.
    private var connections: [ZDSConnection] = []
    private var withdrawals: [String: Withdrawal] = [:]

    /// A pod that is being taken from proxies: which of them have not answered yet.
    private struct Withdrawal {
        var awaited: Set<ObjectIdentifier>
        let done: () -> Void
    }

    init(at path: String, on reactor: Reactor, owner: any Owner, _ log: Log) throws(AgentStartError) {
        self.reactor = reactor
        self.owner = owner
        self.log = log
        do throws(Errno) {
            let socket = try Self.listen(at: path)
            listener = try Listener(
                socket, on: reactor,
                exhausted: { log.warn("zds", "cannot accept", ["error": "\($0)"]) },
                accepted: { [weak self] in self?.accept($0) })
        } catch {
            let reason = error.code == EADDRINUSE ? "another node agent listens there" : "\(error)"
            throw AgentStartError(description: "cannot listen at \(path): \(reason)")
        }
    }

    /// Takes the place of a socket that an agent before this one left behind. Only root may connect.
    private static func listen(at path: String) throws(Errno) -> Descriptor {
        let previous = umask(0o177)
        defer { _ = umask(previous) }
        do throws(Errno) {
            return try PacketSocket.listen(at: path, backlog: 16)
        } catch {
            guard error.code == EADDRINUSE, !isServed(path) else { throw error }
            let name = path.split(separator: "/").last.map(String.init) ?? path
            try Directory.remove(name, in: String(path.dropLast(name.utf8.count + 1)))
            return try PacketSocket.listen(at: path, backlog: 16)
        }
    }

    private static func isServed(_ path: String) -> Bool {
        do throws(Errno) {
            _ = try PacketSocket.connect(to: path)
            return true
        } catch {
            return error != .refused
        }
    }

    // MARK: Asking

    /// Gives a pod to the newest proxy. Where there is none, the next one will hear of it when it comes.
    func announce(_ request: ZDSRequest) {
        connections.last(where: \.isOpen)?.submit(request)
    }

    /// Takes a pod from all proxies; `done` is called when each has answered or is gone.
    func withdraw(_ uid: String, done: @escaping () -> Void) {
        let asked = connections.filter(\.isOpen)
        withdrawals[uid] = Withdrawal(awaited: Set(asked.map(ObjectIdentifier.init)), done: done)
        for connection in asked { connection.submit(.del(uid: uid)) }
        finishWithdrawal(uid)
    }

    /// Nobody new is served, and who is connected is sent away.
    func close() {
        listener?.close()
        listener = nil
        for connection in connections { connection.close("the agent stops") }
    }

    // MARK: Connections

    private func accept(_ descriptor: consuming Descriptor) {
        guard connections.count < Self.connectionsMax else {
            return log.warn("zds", "too many proxies", ["limit": "\(Self.connectionsMax)"])
        }
        do throws(Errno) {
            connections.append(try ZDSConnection(descriptor, on: reactor, owner: self))
            log.info("zds", "proxy connected", ["connections": "\(connections.count)"])
        } catch {
            log.error("zds", "cannot serve a proxy", ["error": "\(error)"])
        }
    }

    func knownPods() -> [ZDSRequest] { owner.knownPods() }

    func namespace(ofPod uid: String) -> NetworkNamespace? { owner.namespace(ofPod: uid) }

    func answered(_ request: ZDSRequest, error: String?, by connection: ZDSConnection) {
        switch request {
        case .add(let uid, _):
            if let error { owner.refused(uid, error) } else { owner.acknowledged(uid) }
        case .del(let uid):
            if let error { log.warn("zds", "the proxy could not let a pod go", ["uid": uid, "error": error]) }
            withdrawals[uid]?.awaited.remove(ObjectIdentifier(connection))
            finishWithdrawal(uid)
        case .snapshotSent:
            if let error { log.warn("zds", "the proxy refused the list of pods", ["error": error]) }
        case .keep: break
        }
    }

    func ended(_ connection: ZDSConnection, _ reason: String) {
        connections.removeAll { $0 === connection }
        log.info("zds", "proxy disconnected", ["reason": reason, "connections": "\(connections.count)"])
        for uid in withdrawals.keys.sorted() {
            withdrawals[uid]?.awaited.remove(ObjectIdentifier(connection))
            finishWithdrawal(uid)
        }
    }

    private func finishWithdrawal(_ uid: String) {
        guard let withdrawal = withdrawals[uid], withdrawal.awaited.isEmpty else { return }
        withdrawals[uid] = nil
        withdrawal.done()
    }
}
