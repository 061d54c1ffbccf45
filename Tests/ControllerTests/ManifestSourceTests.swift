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

    @Test func `a Namespace of a later directory adds its labels to that of an earlier one`() throws {
        let (own, applied) = (try TemporaryDirectory(), try TemporaryDirectory())
        try own.write(Self.namespace("shop") + "---\n" + Self.namespace("other"), to: "own.yaml")
        try applied.write(
            Self.namespace("shop").replacing("{a: x}", with: "{b: w}") + "---\n" + Self.namespace("other", label: "z"),
            to: "applied.yaml")
        var source = ManifestSource(directories: [own.path, applied.path])
        func labels(_ name: String) -> [String: String]? {
            source.read().objects[.init(kind: .namespace, namespace: "", name: name)]?.object.metadata.labels
        }
        #expect(labels("shop") == ["a": "x", "b": "w"])
        #expect(labels("other") == ["a": "z"])
        try own.write(Self.namespace("shop", label: "edited") + "---\n" + Self.namespace("other"), to: "own.yaml")
        #expect(labels("shop") == ["a": "edited", "b": "w"])
        try applied.remove("applied.yaml")
        #expect(labels("shop") == ["a": "edited"])
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

    @Test func `a file that has not changed is not read again, and one that has is`() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/a.yaml"
        let (old, new) = (Date(timeIntervalSinceNow: -60), Date(timeIntervalSinceNow: -30))
        func write(_ label: String, modified: Date) throws {
            // In place, so that it stays the same file of the same size.
            let handle = try FileHandle(forUpdating: URL(filePath: file))
            try handle.write(contentsOf: Data(Self.namespace("a", label: label).utf8))
            try handle.close()
            try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: file)
        }
        func label(_ reading: ManifestReading) -> String? { reading.objects.values.first?.object.metadata.labels["a"] }
        try directory.write("", to: "a.yaml")
        try write("x", modified: old)
        var source = ManifestSource(objectsIn: [directory.path])
        #expect(label(source.read()) == "x")
        // Nobody writes so; it shows that the file is left alone.
        try write("u", modified: old)
        #expect(label(source.read()) == "x")
        try write("u", modified: new)
        let reading = source.read()
        #expect(label(reading) == "u" && reading.changes.count == 1)
        #expect(source.read().changes.isEmpty)
    }

    @Test func `a file that is being written in place stays as it was, one that replaces it is taken at once`() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/a.yaml"
        func label(_ reading: ManifestReading) -> String? { reading.objects.values.first?.object.metadata.labels["a"] }
        try directory.write(Self.namespace("a", label: "old"), to: "a.yaml")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: file)
        var source = ManifestSource(objectsIn: [directory.path])
        #expect(label(source.read()) == "old")
        // As an editor or a shell does: the file is empty first.
        let handle = try FileHandle(forWritingTo: URL(filePath: file))
        try handle.truncate(atOffset: 0)
        let during = source.read()
        #expect(label(during) == "old" && !during.isSettled)
        try handle.write(contentsOf: Data(Self.namespace("a", label: "new").utf8))
        try handle.close()
        Thread.sleep(forTimeInterval: 0.1)
        let after = source.read()
        #expect(label(after) == "new" && after.isSettled)

        try Data(Self.namespace("a", label: "newest").utf8).write(to: URL(filePath: file), options: .atomic)
        #expect(label(source.read()) == "newest")
    }

    @Test func `an object that moves to a file where it cannot be read stays as it was`() throws {
        let directory = try TemporaryDirectory()
        let text = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\n"
        try directory.write(text + "spec: {action: DENY, rules: [{}]}\n", to: "a.yaml")
        var source = ManifestSource(objectsIn: [directory.path])
        #expect(source.read().isSound)
        try directory.remove("a.yaml")
        try directory.write(text + "spec: {action: DENI, rules: [{}]}\n", to: "b.yaml")
        let reading = source.read()
        let reference = ObjectReference(kind: .authorizationPolicy, namespace: "shop", name: "p")
        #expect(reading.changes.isEmpty && reading.objects[reference] != nil)
        #expect(reading.diagnostics.map(\.object) == [reference])
        try directory.remove("b.yaml")
        #expect(source.read().changes == [.remove(reference)])
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `what has changed, reading after reading, makes what a first reading finds`(seed: UInt64) throws {
        var random = ManifestGenerator(seed: seed)
        let layers = [try TemporaryDirectory(), try TemporaryDirectory()]
        var source = ManifestSource(objectsIn: layers.map(\.path))
        var known: [ObjectReference: KubernetesObject] = [:]
        for _ in 0..<12 {
            let directory = random.pick(layers)
            let name = random.pick(["a.yaml", "b.yaml", "c.yaml"])
            if random.chance(4) {
                try? directory.remove(name)
            } else {
                let objects = Array(random.objects().shuffled(using: &random).prefix(4))
                try directory.write(ManifestWriter.text(of: objects), to: name)
            }
            var reading = source.read()
            var changes = reading.changes
            while !reading.isSettled {
                Thread.sleep(forTimeInterval: 0.02)
                reading = source.read()
                changes += reading.changes
            }
            for change in changes {
                switch change {
                case .upsert(let object): known[object.reference] = object
                case .remove(let reference): known[reference] = nil
                }
            }
            var fresh = ManifestSource(objectsIn: layers.map(\.path))
            #expect(fresh.read().objects.mapValues(\.object) == known)
        }
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
