import Foundation
import Reactor
import Testing

/// A directory of its own, removed afterwards.
private func withDirectory(_ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "slip-edges-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory)
}

struct DirectoryWatchTests {
    @Test func `files written, renamed and removed are told by name`() throws {
        try withDirectory { directory in
            let watch = try DirectoryWatch(directory.path)
            #expect(try watch.change() == nil)
            try Data("a".utf8).write(to: directory.appending(path: "a"))
            #expect(try watch.change() == .files(["a"]))
            try FileManager.default.moveItem(at: directory.appending(path: "a"), to: directory.appending(path: "b"))
            #expect(try watch.change() == .files(["a", "b"]))
            try FileManager.default.removeItem(at: directory.appending(path: "b"))
            watch.wait()
            #expect(try watch.change() == .files(["b"]))
        }
    }

    @Test func `a directory that goes is told`() throws {
        try withDirectory { directory in
            let watch = try DirectoryWatch(directory.path)
            try FileManager.default.removeItem(at: directory)
            #expect(try watch.change() == .gone)
        }
    }

    @Test func `what is no directory is refused`() throws {
        try withDirectory { directory in
            #expect(throws: Errno.self) { _ = try DirectoryWatch(directory.appending(path: "none").path) }
        }
    }
}

struct PacketSocketTests {
    private func received(_ socket: borrowing PacketSocket) throws -> (
        bytes: [UInt8], hasDescriptor: Bool, isCut: Bool
    )? {
        switch try socket.receive(limitBytes: 8) {
        case .packet(let packet): return (packet.bytes, packet.hasDescriptor, packet.isTruncated)
        case .wouldBlock: return nil
        case .ended: return nil
        }
    }

    @Test func `packets stay apart, and a descriptor comes with its packet`() throws {
        let (left, right) = try PacketSocket.pair()
        let sender = PacketSocket(owning: Descriptor(owning: left))
        let receiver = PacketSocket(owning: Descriptor(owning: right))
        try sender.send([1, 2])
        try sender.send([3], passing: 1)
        #expect(try #require(try received(receiver)) == ([1, 2], false, false))
        #expect(try #require(try received(receiver)) == ([3], true, false))
        #expect(try received(receiver) == nil)
    }

    @Test func `a packet that is too long is told`() throws {
        let (left, right) = try PacketSocket.pair()
        let sender = PacketSocket(owning: Descriptor(owning: left))
        let receiver = PacketSocket(owning: Descriptor(owning: right))
        try sender.send([UInt8](repeating: 7, count: 9))
        #expect(try #require(try received(receiver)).isCut)
    }

    @Test func `the end is told once the peer is gone`() throws {
        let (left, right) = try PacketSocket.pair()
        let receiver = PacketSocket(owning: Descriptor(owning: right))
        do { _ = Descriptor(owning: left) }
        guard case .ended = try receiver.receive(limitBytes: 8) else {
            Issue.record("no end")
            return
        }
        #expect(throws: Errno.self) { try receiver.send([1]) }
    }

    @Test func `who connects to a path is accepted there`() throws {
        try withDirectory { directory in
            let path = directory.appending(path: "s").path
            #expect(throws: Errno.self) { _ = try PacketSocket.connect(to: path) }
            let listener = try PacketSocket.listen(at: path, backlog: 1)
            let client = try PacketSocket.connect(to: path)
            try client.send([9])
            guard case .accepted(let raw) = try LinuxKernel().accept(listener.raw) else {
                Issue.record("nothing to accept")
                return
            }
            #expect(try #require(try received(PacketSocket(owning: Descriptor(owning: raw)))).bytes == [9])
            #expect(throws: Errno.self) {
                _ = try PacketSocket.connect(to: String(repeating: "x", count: 200))
            }
        }
    }
}
