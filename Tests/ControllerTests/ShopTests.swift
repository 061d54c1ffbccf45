import Controller
import Foundation
import Mesh
import Testing

/// The example that the playground runs.
struct ShopTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Examples/shop").path

    @Test func `its manifests are sound and leave nothing to remark`() {
        var source = ManifestSource(directories: [Self.directory])
        let reading = source.read()
        #expect(reading.diagnostics.map(\.description) == [])
        #expect(Translation(of: reading.model).diagnostics.isEmpty)
        let kinds = Dictionary(grouping: reading.objects.keys, by: \.kind).mapValues(\.count)
        #expect(kinds[.deployment] == 5 && kinds[.pod] == 1 && kinds[.service] == 3)
    }

    /// The shop with a pod of each Deployment running.
    private static func running() throws -> Translation {
        var source = ManifestSource(directories: [directory])
        var objects = source.read().objects.values.map(\.object)
        for case .deployment(let deployment) in objects {
            var pod = Kubernetes.Pod(metadata: deployment.template.metadata, spec: deployment.template.spec)
            pod.metadata.name = deployment.metadata.name
            pod.metadata.namespace = deployment.metadata.namespace
            pod.metadata.annotations["ambient.istio.io/redirection"] = "enabled"
            pod.status.phase = .running
            pod.status.isReady = true
            pod.status.podIPs = [IPAddress(v4: 0x0af4_0100 + UInt32(objects.count))]
            objects.append(.pod(pod))
        }
        return Translation(of: MeshModel(objects))
    }

    @Test(arguments: [
        ("frontend", 8080, "shop/frontend", true), ("frontend", 8080, nil, true), ("frontend", 8080, "other/x", true),
        ("cart", 8080, "shop/frontend", true), ("cart", 8080, nil, false), ("cart", 8080, "outside/intruder", false),
        ("catalog-v1", 8080, "shop/frontend", true), ("catalog-v1", 8080, "shop/cart", true),
        ("catalog-v2", 9090, "shop/cart", true), ("catalog-v2", 9090, nil, false),
        ("catalog-v1", 8080, "outside/intruder", false),
    ])
    func `who may call whom`(pod: String, port: UInt16, caller: String?, isAllowed: Bool) throws {
        #expect(try Self.running().allows(at: "shop/\(pod)", port: port, from: caller) == isAllowed)
    }

    @Test func `refusals name the policy that its author wrote, or the one made of it`() throws {
        let shop = try Self.running()
        let denial = try shop.decision(at: "shop/cart", from: "shop/catalog")
        #expect(denial.policy?.description == "shop/no-cart-for-catalog" && denial.rule == 0)
        let plaintext = try shop.decision(at: "shop/catalog-v1", from: nil)
        #expect(plaintext.policy?.description == "slipstream-system/istio_converted_static_strict")
        let allowance = try shop.decision(at: "shop/catalog-v1", from: "shop/cart")
        #expect(allowance.policy?.description == "shop/catalog-for-the-shop" && allowance.rule == 1)
    }

    @Test func `both versions stand behind one name, each on its own port`() throws {
        let shop = try Self.running()
        let catalog = NamespacedName(namespace: "shop", name: "catalog.shop.svc.cluster.local")
        #expect(try shop.workload("catalog-v1").services == [catalog: [80: 8080]])
        #expect(try shop.workload("catalog-v2").services == [catalog: [80: 9090]])
        #expect(try shop.workload("catalog-v2").canonicalRevision == "v2")
    }
}
