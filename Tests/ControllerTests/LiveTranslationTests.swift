import Controller
import Mesh
import Testing

struct LiveTranslationTests {
    @Test(arguments: 0..<150)
    func `a translation that is kept up is one that is made anew`(seed: UInt64) {
        var random = ManifestGenerator(seed: seed)
        var live = LiveTranslation()
        for _ in 0..<6 {
            let wanted = Dictionary(uniqueKeysWithValues: random.objects().map { ($0.reference, $0) })
            _ = live.apply(live.model.changes(to: wanted))
            #expect(live.translation == Translation(of: MeshModel(wanted.values)))
        }
    }

    @Test(arguments: 0..<100)
    func `one change after the other gives the same, and the changes told are those there are`(seed: UInt64) {
        var random = ManifestGenerator(seed: seed)
        var live = LiveTranslation()
        _ = live.apply(random.objects().map { .upsert($0) })
        for _ in 0..<20 {
            let before = live.translation.configuration
            let present = live.model.objects.keys.sorted()
            let isRemoval = !present.isEmpty && random.chance(3)
            let changes = live.apply([isRemoval ? .remove(random.pick(present)) : .upsert(random.object())])
            #expect(live.translation == Translation(of: live.model))
            #expect(before.applying(changes) == live.translation.configuration)
            #expect(changes.isEmpty == (before == live.translation.configuration))
        }
    }

    @Test(arguments: ["shop", "slipstream-system"])
    func `a wider mode that changes is felt by those that fall back on it`(namespace: String) throws {
        let ports = "selector: {matchLabels: {app: a}}\nportLevelMtls: {8080: {mode: PERMISSIVE}}"
        let wide = policy("wide", kind: "PeerAuthentication", namespace: namespace, spec: "mtls: {mode: STRICT}")
        var live = LiveTranslation()
        _ = live.apply(objects(pod("a") + policy("own", kind: "PeerAuthentication", spec: ports)).map { .upsert($0) })
        let changes = live.apply(objects(wide).map { .upsert($0) })
        #expect(changes.policies.keys.map(\.description) == ["shop/converted_peer_authentication_own"])
        #expect(try !live.translation.allows(at: "shop/a", port: 81, from: nil))
        #expect(try live.translation.allows(at: "shop/a", port: 8080, from: nil))
    }

    @Test func `a change that makes no difference to data planes is not told`() throws {
        var live = LiveTranslation()
        _ = live.apply(objects(pod("a") + pod("b", address: "10.0.0.3")).map { .upsert($0) })
        let again = objects(pod("a").replacing("name: main", with: "name: renamed"))
        #expect(live.apply(again.map { .upsert($0) }).isEmpty)
        let moved = live.apply(objects(pod("a", address: "10.0.0.9")).map { .upsert($0) })
        #expect(
            moved.workloads.keys.sorted() == ["Kubernetes//Pod/shop/a"] && moved.services.isEmpty
                && moved.policies.isEmpty)
        let removal = live.apply([.remove(again[0].reference)])
        #expect(removal.workloads == ["Kubernetes//Pod/shop/a": nil])
    }
}

extension MeshConfiguration {
    /// What a data plane makes of the changes, sorted by key.
    func applying(_ changes: LiveTranslation.Changes) -> MeshConfiguration {
        MeshConfiguration(
            workloads: Self.merge(workloads, changes.workloads, \.uid).sorted { $0.uid < $1.uid },
            services: Self.merge(services, changes.services, \.key).sorted { "\($0.key)" < "\($1.key)" },
            policies: Self.merge(policies, changes.policies, \.key).sorted { "\($0.key)" < "\($1.key)" })
    }

    private static func merge<Key: Hashable, Resource>(
        _ resources: [Resource], _ changes: [Key: Resource?], _ key: (Resource) -> Key
    ) -> [Resource] {
        resources.filter { changes[key($0)] == nil } + changes.values.compactMap(\.self)
    }
}
