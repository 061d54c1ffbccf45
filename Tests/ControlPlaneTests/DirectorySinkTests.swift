import ControlPlane
import Controller
import Discovery
import Foundation
import Testing

/// What is made and told, as files.
struct DirectorySinkTests {
    private static func reference(_ name: String) -> ObjectReference {
        ObjectReference(kind: .authorizationPolicy, namespace: "shop", name: name)
    }

    private static func status(_ name: String, _ message: String) -> StatusBook.Changes {
        var status = ObjectStatus(reference(name), uid: "")
        status.conditions = [Condition("A", .isTrue, reason: "B", message: message)]
        var changes = StatusBook.Changes()
        changes.statuses[reference(name)] = .some(status)
        return changes
    }

    private static func files(_ directory: TemporaryDirectory, _ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/\(folder)")) ?? []).sorted()
    }

    @Test func `each object and status is a file, which goes when it is not wanted`() async throws {
        let directory = try TemporaryDirectory()
        let sink = DirectorySink(directory.path + "/state/out")
        let account = KubernetesObject.serviceAccount(.init(metadata: .init(name: "way", namespace: "shop")))
        var changes = Self.status("deny", "first")
        changes.objects[account.reference] = .some(account)
        try await sink.put(changes, isWhole: true)
        #expect(Self.files(directory, "state/out/objects") == ["ServiceAccount.shop.way.yaml"])
        #expect(Self.files(directory, "state/out/status") == ["AuthorizationPolicy.shop.deny.yaml"])
        let text = try String(
            contentsOfFile: directory.path + "/state/out/objects/ServiceAccount.shop.way.yaml", encoding: .utf8)
        #expect(ManifestReader.read(text, file: "x").manifests.map(\.object) == [account])

        var gone = StatusBook.Changes()
        gone.objects.updateValue(nil, forKey: account.reference)
        gone.statuses.updateValue(nil, forKey: Self.reference("deny"))
        try await sink.put(gone, isWhole: false)
        #expect(Self.files(directory, "state/out/objects").isEmpty && Self.files(directory, "state/out/status").isEmpty)
    }

    @Test func `what an earlier controller left goes with the first writing, and strangers' files stay`() async throws {
        let directory = try TemporaryDirectory()
        let sink = DirectorySink(directory.path)
        try await sink.put(Self.status("old", "x"), isWhole: true)
        try directory.write("half", to: "status/.AuthorizationPolicy.shop.new.yaml.new")
        try directory.write("mine", to: "status/notes.txt")
        try await DirectorySink(directory.path).put(Self.status("new", "x"), isWhole: true)
        #expect(Self.files(directory, "status") == ["AuthorizationPolicy.shop.new.yaml", "notes.txt"])
    }

    @Test func `a file is touched only when it says something else`() async throws {
        let directory = try TemporaryDirectory()
        let sink = DirectorySink(directory.path)
        let path = directory.path + "/status/AuthorizationPolicy.shop.deny.yaml"
        func inode() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        }
        try await sink.put(Self.status("deny", "first"), isWhole: false)
        let first = try inode()
        try await sink.put(Self.status("deny", "first"), isWhole: false)
        #expect(try inode() == first)
        try await sink.put(Self.status("deny", "second"), isWhole: false)
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("second"))
    }

    @Test func `names that are too long for a file are told apart`() async throws {
        let directory = try TemporaryDirectory()
        let long = String(repeating: "a", count: 250)
        var changes = Self.status(long + "b", "x")
        changes.merge(Self.status(long + "c", "x"))
        try await DirectorySink(directory.path).put(changes, isWhole: true)
        #expect(Self.files(directory, "status").count == 2)
    }

    @Test func `what cannot be written is an error`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("a file", to: "out")
        await #expect(throws: (any Error).self) {
            try await DirectorySink(directory.path + "/out").put(Self.status("deny", "x"), isWhole: true)
        }
    }
}
