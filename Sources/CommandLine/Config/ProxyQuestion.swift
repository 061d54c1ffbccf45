import Foundation
import Mesh
import Playground
import Reactor

/// A proxy that is asked about itself.
struct ProxyQuestion {
    private static let patienceSeconds = 10

    let name: String
    /// Nil for this process's own network.
    let networkNamespace: String?
    let address: SocketAddress

    init(_ proxy: PlaygroundProxy) {
        self.init(name: proxy.name, networkNamespace: proxy.networkNamespace, address: .loopback(MeshPort.admin))
    }

    init(name: String, networkNamespace: String?, address: SocketAddress) {
        self.name = name
        self.networkNamespace = networkNamespace
        self.address = address
    }

    /// All that it says of itself, as JSON.
    func dump() throws(CommandFailure) -> Data {
        do {
            let namespace = try networkNamespace.map { path throws(Errno) in try NetworkNamespace(path: path) }
            let socket = try WaitingSocket.connect(to: address, in: namespace, limitSeconds: Self.patienceSeconds)
            let answer = try HTTPQuestion(path: "/config_dump").ask(on: socket)
            guard answer.status == 200 else {
                throw CommandFailure("the proxy \(name) answered \(answer.status) when asked what it holds")
            }
            return Data(answer.body)
        } catch let failure as CommandFailure {
            throw failure
        } catch let failure as Errno where [EPERM, EACCES].contains(failure.code) {
            throw CommandFailure("the proxy \(name) can be asked by root alone; run this with sudo")
        } catch let failure as Errno where failure == .refused {
            throw CommandFailure("nothing answers at \(address) of \(name); is there a proxy, and does it run?")
        } catch {
            throw CommandFailure("the proxy \(name) cannot be asked what it holds: \(error)")
        }
    }
}

extension SocketAddress {
    fileprivate static func loopback(_ port: UInt16) -> SocketAddress { SocketAddress(.loopback(.v4), port) }
}
