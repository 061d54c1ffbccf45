import Mesh
import Reactor

/// One attempt to reach a server: its addresses, one after the other, until one answers. Ends exactly once, by calling
/// `finished`, unless it is cancelled before.
final class GRPCDial {
    enum Outcome: ~Copyable {
        case connected(Connector.Connected)
        case failed(GRPCFailure)
    }

    private static let connectTimeoutMilliseconds: UInt64 = 5_000
    private static let lookupTimeoutMilliseconds: UInt64 = 5_000
    private static let addressesMax = 4

    private let port: UInt16
    private let lookup: NameLookup
    private let reactor: Reactor
    private let keepAlive: Socket.KeepAlive
    private var finished: ((consuming Outcome) -> Void)?
    private var connector: Connector?
    private var timer: Reactor.TimerID?

    init(
        to port: UInt16, of lookup: NameLookup, on reactor: Reactor, finished: @escaping (consuming Outcome) -> Void
    ) {
        self.port = port
        self.lookup = lookup
        self.reactor = reactor
        self.finished = finished
        // As the published proxy has it: HTTP/2's pings are sooner, unless this process is stopped.
        var keepAlive = Socket.KeepAlive()
        keepAlive.idleSeconds = 300
        keepAlive.intervalSeconds = 75
        self.keepAlive = keepAlive
    }

    func begin() {
        timer = reactor.after(milliseconds: Self.lookupTimeoutMilliseconds) { [weak self] in
            self?.fail(.socket(.timedOut))
        }
        lookup.find { [weak self] outcome in
            guard let self, self.finished != nil else { return }
            self.stopTimer()
            switch outcome {
            case .success(let addresses): self.connect(addresses.prefix(Self.addressesMax), .refused)
            case .failure(let failure): self.fail(.lookup(failure))
            }
        }
    }

    /// - Parameter lastFailure: of the address before.
    private func connect(_ addresses: ArraySlice<IPAddress>, _ lastFailure: Errno) {
        guard let address = addresses.first else { return fail(.socket(lastFailure)) }
        do throws(Errno) {
            let socket = try Socket.connect(
                to: SocketAddress(address, port), options: Socket.Options(keepAlive: keepAlive))
            connector = try Connector(socket, on: reactor, timeoutMilliseconds: Self.connectTimeoutMilliseconds) {
                [weak self] result in
                guard let self else { return }
                self.connector = nil
                switch consume result {
                case .connected(let connected): self.finish(.connected(connected))
                case .failed(let failure): self.connect(addresses.dropFirst(), failure)
                }
            }
        } catch {
            connect(addresses.dropFirst(), error)
        }
    }

    /// Gives the attempt up; `finished` is not called.
    func cancel() {
        finished = nil
        lookup.forget()
        stopTimer()
        connector?.cancel()
        connector = nil
    }

    private func fail(_ failure: GRPCFailure) {
        guard finished != nil else { return }
        lookup.forget()
        finish(.failed(failure))
    }

    private func finish(_ outcome: consuming Outcome) {
        guard let finished else { return }
        self.finished = nil
        stopTimer()
        finished(outcome)
    }

    private func stopTimer() {
        if let timer { reactor.cancel(timer) }
        timer = nil
    }
}
