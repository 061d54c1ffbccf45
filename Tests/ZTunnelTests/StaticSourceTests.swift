import Foundation
import Mesh
import Reactor
import Testing

@testable import ZTunnel

private let good = "workloads:\n- {uid: u, name: a, namespace: shop, workloadIps: [10.0.0.1]}\n"
private let better = good + "- {uid: v, name: b, namespace: shop, workloadIps: [10.0.0.2]}\n"

/// A directory with a configuration that changes, and what is heard of it.
private final class Place {
    let directory = FileManager.default.temporaryDirectory.appending(path: "slip-edges-\(UUID().uuidString)")
    let reactor: Reactor
    private(set) var source: StaticSource!
    private var heard: [Int] = []

    var file: URL { directory.appending(path: "mesh.yaml") }

    init() throws {
        reactor = Reactor(kernel: try LinuxKernel())
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        source = StaticSource(path: file.path, on: reactor, try silentLog()) { [unowned self] snapshot in
            self.heard.append(snapshot.configuration.workloads.count)
        }
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// As an editor or a controller does: a new file in place of the old one.
    func replace(_ text: String) throws {
        let other = directory.appending(path: "mesh.yaml.new")
        try Data(text.utf8).write(to: other)
        guard rename(other.path, file.path) == 0 else { throw POSIXError(.EIO) }
    }

    /// How many workloads the next configuration has; nil when none comes within `milliseconds`.
    func next(milliseconds: Int = 3000) throws -> Int? {
        for _ in 0..<(milliseconds / 10) where heard.isEmpty {
            _ = reactor.after(milliseconds: 10) {}
            try reactor.runOnce()
        }
        return heard.isEmpty ? nil : heard.removeFirst()
    }
}

struct StaticSourceTests {
    @Test func `a file is read at start, and again when another takes its place`() throws {
        let place = try Place()
        try place.replace(good)
        place.source.start()
        #expect(try place.next() == 1)
        try place.replace(better)
        #expect(try place.next() == 2)
    }

    @Test func `a file that is written in place is read when it is closed`() throws {
        let place = try Place()
        try place.replace(good)
        place.source.start()
        #expect(try place.next() == 1)
        let handle = try FileHandle(forWritingTo: place.file)
        try handle.seekToEnd()
        handle.write(Data("- {uid: v, name: b, namespace: shop}\n".utf8))
        try handle.close()
        #expect(try place.next() == 2)
    }

    @Test(arguments: ["", "workloads:\n- {uid: u, nam: a}\n", "\u{0}", "policies: 7"])
    func `a file that cannot be understood changes nothing`(bad: String) throws {
        let place = try Place()
        try place.replace(bad)
        place.source.start()
        #expect(try place.next(milliseconds: 50) == nil && !place.source.hasArrived)
        try place.replace(good)
        #expect(try place.next() == 1 && place.source.hasArrived)
        try place.replace(bad)
        #expect(try place.next(milliseconds: 50) == nil && place.source.hasArrived)
    }

    @Test func `a file that comes late is found, and the same bytes again are no news`() throws {
        let place = try Place()
        place.source.start()
        #expect(try place.next(milliseconds: 50) == nil)
        try place.replace(good)
        #expect(try place.next() == 1)
        try place.replace(good)
        #expect(try place.next(milliseconds: 50) == nil)
    }

    @Test func `a link that is turned to another file is followed`() throws {
        let place = try Place()
        let (one, two) = (place.directory.appending(path: "..1"), place.directory.appending(path: "..2"))
        try Data(good.utf8).write(to: one)
        try Data(better.utf8).write(to: two)
        // As Kubernetes mounts a ConfigMap: mesh.yaml → ..data → ..1, and only ..data changes.
        let link = place.directory.appending(path: "..data")
        try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: one.path)
        try FileManager.default.createSymbolicLink(atPath: place.file.path, withDestinationPath: link.path)
        place.source.start()
        #expect(try place.next() == 1)
        let next = place.directory.appending(path: "..data.new")
        try FileManager.default.createSymbolicLink(atPath: next.path, withDestinationPath: two.path)
        #expect(rename(next.path, link.path) == 0)
        #expect(try place.next() == 2)
    }

    @Test func `a directory that goes and comes back is found again`() throws {
        let place = try Place()
        try place.replace(good)
        place.source.start()
        #expect(try place.next() == 1)
        try FileManager.default.removeItem(at: place.directory)
        #expect(try place.next(milliseconds: 50) == nil)
        try FileManager.default.createDirectory(at: place.directory, withIntermediateDirectories: true)
        try place.replace(better)
        #expect(try place.next() == 2)
    }
}
