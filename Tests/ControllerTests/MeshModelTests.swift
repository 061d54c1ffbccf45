import Controller
import Mesh
import Testing

struct MeshModelTests {
    @Test(arguments: 0..<100)
    func `a model that has changed is one that was made so`(seed: UInt64) {
        var random = ManifestGenerator(seed: seed)
        var model = MeshModel(random.objects())
        for _ in 0..<4 {
            let wanted = Dictionary(uniqueKeysWithValues: random.objects().map { ($0.reference, $0) })
            model.apply(model.changes(to: wanted))
            #expect(model.objects == wanted)
            #expect(Translation(of: model) == Translation(of: MeshModel(wanted.values)))
        }
    }

    @Test func `only what differs is a change`() {
        let before = objects(pod("a") + pod("b") + pod("c"))
        let after = objects(pod("b") + pod("c", address: "10.0.0.9") + pod("d"))
        let changes = MeshModel(before).changes(to: Dictionary(uniqueKeysWithValues: after.map { ($0.reference, $0) }))
        #expect(changes == [.remove(before[0].reference), .upsert(after[1]), .upsert(after[2])])
    }

    @Test func `a translation names the line of what it remarks on`() throws {
        let directory = try TemporaryDirectory()
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
        let rules = "rules:\n- from: [{source: {namespaces: [a]}}]\n- to: [{operation: {methods: [GET]}}]"
        try directory.write(namespace + policy("a", spec: rules), to: "a.yaml")
        var source = ManifestSource(directories: [directory.path])
        let reading = source.read()
        let remark = try #require(Translation(of: reading.model).diagnostics.first)
        #expect(
            reading.place(remark).description.hasPrefix("\(directory.path)/a.yaml:11: warning: spec.rules[1]: methods"))
    }
}
