import Controller
import Foundation
import Testing

struct ManifestSourceTests {
    private static func namespace(_ name: String, label: String = "x") -> String {
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: {a: \(label)}}\n"
    }

    private static func names(_ reading: ManifestReading) -> [String] { reading.objects.keys.map(\.name).sorted() }

    @Test func `YAML and JSON files of a directory are read, hidden and other files are not`() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.namespace("a") + "---\n" + Self.namespace("b"), to: "1.yaml")
        try directory.write(Self.namespace("c"), to: "2.yml")
        try directory.write(#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "d"}}"#, to: "3.json")
        try directory.write("not: a manifest", to: ".hidden.yaml")
        try directory.write("not: a manifest", to: "notes.txt")
        try FileManager.default.createDirectory(atPath: directory.path + "/more", withIntermediateDirectories: false)
        var source = ManifestSource(directories: [directory.path])
        let reading = source.read()
        #expect(reading.isSound && Self.names(reading) == ["a", "b", "c", "d"])
    }

    @Test func `a file that breaks keeps what it held, one that goes takes it along`() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.namespace("a"), to: "a.yaml")
        try directory.write(Self.namespace("b"), to: "b.yaml")
        var source = ManifestSource(directories: [directory.path])
        #expect(Self.names(source.read()) == ["a", "b"])

        try directory.write("apiVersion: v1\nkind: Names", to: "a.yaml")
        try directory.remove("b.yaml")
        var reading = source.read()
        #expect(!reading.isSound && Self.names(reading) == ["a"])

        try directory.write(Self.namespace("a") + "metadata: {", to: "a.yaml")
        reading = source.read()
        #expect(!reading.isSound && Self.names(reading) == ["a"])
        #expect(reading.diagnostics.map(\.description).allSatisfy { $0.hasPrefix(directory.path + "/a.yaml:4: ") })
    }

    @Test(arguments: ["metadata: {name: B}", "metadata: {name: b", "metadata: \t{"])
    func `a bad document holds back only itself from whoever takes the others`(broken: String) throws {
        let directory = try TemporaryDirectory()
        func text(_ second: String, label: String) -> String {
            Self.namespace("a", label: label) + "---\napiVersion: v1\nkind: Namespace\n\(second)\n---\n"
                + Self.namespace("c", label: label)
        }
        try directory.write(text("metadata: {name: b}", label: "old"), to: "a.yaml")
        var source = ManifestSource(directories: [directory.path], takesSoundDocuments: true)
        var strict = ManifestSource(directories: [directory.path])
        #expect(Self.names(source.read()) == ["a", "b", "c"] && strict.read().isSound)

        try directory.write(text(broken, label: "new"), to: "a.yaml")
        let reading = source.read()
        #expect(!reading.isSound && Self.names(reading) == ["a", "b", "c"])
        let labels = reading.objects.values.compactMap { $0.object.metadata.labels["a"] }
        #expect(labels == ["new", "new"])
        // A brace that is never closed is missed where the document ends.
        #expect(reading.diagnostics.allSatisfy { [7, 8].contains($0.line) }, "\(reading.diagnostics)")
        #expect(Set(strict.read().objects.values.compactMap { $0.object.metadata.labels["a"] }) == ["old"])
    }

    @Test func `an object that two files have is an error that names both places`() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.namespace("a", label: "first"), to: "1.yaml")
        try directory.write(Self.namespace("b") + "---\n" + Self.namespace("a", label: "second"), to: "2.yaml")
        var source = ManifestSource(directories: [directory.path])
        let reading = source.read()
        #expect(
            !reading.isSound
                && reading.objects.values.compactMap { $0.object.metadata.labels["a"] }.sorted() == ["first", "x"])
        let problem = try #require(reading.diagnostics.first).description
        #expect(
            problem.hasPrefix("\(directory.path)/2.yaml:7: metadata.name: ")
                && problem.contains("\(directory.path)/1.yaml:3"))
    }

    @Test func `an object of a later directory replaces that of an earlier one`() throws {
        let (user, state) = (try TemporaryDirectory(), try TemporaryDirectory())
        try user.write(Self.namespace("a", label: "user"), to: "a.yaml")
        try state.write(Self.namespace("a", label: "state"), to: "a.yaml")
        var source = ManifestSource(directories: [user.path, state.path])
        let reading = source.read()
        #expect(reading.isSound && reading.objects.values.map { $0.object.metadata.labels["a"] } == ["state"])
    }

    @Test func `a directory that is not there is an error, and what it held stays`() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.namespace("a"), to: "a.yaml")
        var source = ManifestSource(directories: [directory.path])
        _ = source.read()
        try FileManager.default.removeItem(atPath: directory.path)
        let reading = source.read()
        #expect(!reading.isSound && Self.names(reading) == ["a"])
    }

    @Test func `what is no text, no file or too big is an error`() throws {
        let directory = try TemporaryDirectory()
        try Data([0x61, 0xff, 0xfe]).write(to: URL(filePath: directory.path + "/bytes.yaml"))
        try FileManager.default.createDirectory(
            atPath: directory.path + "/folder.yaml", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: directory.path + "/null.yaml", withDestinationPath: "/dev/zero")
        try Data(repeating: 0x20, count: 17 << 20).write(to: URL(filePath: directory.path + "/big.yaml"))
        var source = ManifestSource(directories: [directory.path])
        let problems = source.read().diagnostics.map(\.problem).sorted()
        #expect(
            problems == [
                "expected a regular file that can be read", "expected a regular file that can be read",
                "expected at most 16777216 bytes", "expected text in UTF-8",
            ])
    }

    @Test func `a file that is written is read back whole`() throws {
        let directory = try TemporaryDirectory()
        var random = ManifestGenerator(seed: 1)
        let objects = random.objects()
        try ManifestWriter.write(objects, to: directory.path + "/state.yaml")
        var source = ManifestSource(directories: [directory.path])
        #expect(
            source.read().objects.mapValues(\.object)
                == Dictionary(uniqueKeysWithValues: objects.map { ($0.reference, $0) }))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["state.yaml"])
    }

    @Test func `what is referred to and missing is an error with its line`() throws {
        let directory = try TemporaryDirectory()
        let pod =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  nodeName: node-9\n  serviceAccountName: nobody\n  containers: [{name: a}]\n"
        let node = "---\napiVersion: v1\nkind: Node\nmetadata: {name: node-1}\n"
        let policy =
            "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: nowhere}\nspec: {}\n"
        try directory.write(pod + node + policy, to: "a.yaml")
        var source = ManifestSource(directories: [directory.path])
        let places = source.read().diagnostics.map { "\($0.line) \($0.field)" }
        #expect(places == ["15 metadata.namespace", "6 spec.serviceAccountName", "5 spec.nodeName"])
    }

    @Test func `default names need no manifest, nor does a node while none is known`() throws {
        let directory = try TemporaryDirectory()
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {nodeName: node-9, containers: [{name: a}]}\n"
        let policy =
            "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: root}\nspec: {}\n"
        try directory.write(pod + policy, to: "a.yaml")
        var source = ManifestSource(directories: [directory.path], rootNamespace: "root")
        #expect(source.read().isSound)
    }
}
