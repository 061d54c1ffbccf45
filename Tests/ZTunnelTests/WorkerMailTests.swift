import Glibc
import HBONE
import Mesh
import Reactor
import TestCertificates
import Testing

@testable import ZTunnel

/// The control thread and its workers, with mailboxes that are full all the time.
@Suite(.enabled(if: geteuid() == 0, "listens with marks, and needs root for it"), .timeLimit(.minutes(1)))
struct WorkerMailTests {
    private final class Heard {
        var inForce: [Int] = []
        var added: [String?] = []
        var drained = 0
    }

    @Test func `whatever does not fit into a mailbox is told all the same, to the workers and back`() throws {
        let folder = try TestAuthority()
        let log = try silentLog()
        let reactor = Reactor(kernel: try LinuxKernel())
        let source = LocalCertificateSource(try LocalAuthority(directory: folder.directory))
        var settings = WorkerSettings(workers: 2)
        settings.isCapturing = false
        let node = try NodeProxy(on: reactor, workers: 2, settings, source, log, mailboxCapacity: 1)
        let namespace = try NetworkNamespace(path: "/proc/self/ns/net")
        let heard = Heard()
        let names = (0..<8).map { "pod-\($0)" }
        for (number, name) in names.enumerated() {
            let identity = PodIdentity(uid: name, name: name, namespace: "shop", serviceAccount: name)
            node.add(identity, namespace) { heard.added.append($0) }
            for version in 0..<20 {
                node.configure(Shop().snapshot) { heard.inForce.append(number * 20 + version) }
            }
        }
        run(reactor) { heard.added.count == names.count && heard.inForce.count == 160 }
        #expect(heard.added == names.map { _ in nil })
        #expect(heard.inForce == Array(0..<160))
        var told: Int?
        node.survey { told = $0.count }
        run(reactor) { told != nil }
        #expect(told == 2)
        for name in names { node.remove(uid: name, deadlineMilliseconds: 100) { heard.drained += 1 } }
        run(reactor) { heard.drained == names.count }
        #expect(heard.drained == names.count)
        log.sink.close()
    }

    private func run(_ reactor: Reactor, until isDone: () -> Bool) {
        let deadline = LinuxKernel.monotonicNanoseconds() + 30_000_000_000
        while !isDone(), LinuxKernel.monotonicNanoseconds() < deadline {
            _ = reactor.after(milliseconds: 5) {}
            #expect(throws: Never.self) { try reactor.runOnce() }
        }
    }
}
