import Controller
import Mesh
import Testing

/// What is made for a Gateway that is a waypoint of ours.
struct WaypointObjectsTests {
    private static func gateway(_ extra: String = "", className: String = "slipstream-waypoint", spec: String = "")
        -> String
    {
        """
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: way, namespace: shop, uid: u-1, labels: {team: a}\(extra)}
        spec:
          gatewayClassName: \(className)
          listeners: [{name: mesh, port: 15008, protocol: HBONE}]
          \(spec)

        """
    }

    private static func made(_ text: String) throws -> WaypointObjects? {
        let model = MeshModel(objects(text))
        let gateway = try #require(model.gateways.values.first)
        return try WaypointObjects(for: gateway, in: model, settings: MeshSettings(), template: .init(image: "x:1"))
    }

    @Test func `a waypoint is a ServiceAccount, a Deployment and a Service that bear the Gateway's name`() throws {
        let made = try #require(try Self.made(Self.gateway()))
        #expect(
            made.objects.map(\.reference.description)
                == ["ServiceAccount shop/way", "Deployment shop/way", "Service shop/way"])
        for object in made.objects {
            let metadata = object.metadata
            #expect(metadata.labels["gateway.istio.io/managed"] == "istio.io-mesh-controller")
            #expect(
                metadata.labels["gateway.networking.k8s.io/gateway-name"] == "way" && metadata.labels["team"] == "a")
            #expect(metadata.controller?.kind == "Gateway" && metadata.controller?.uid == "u-1")
        }
        let labels = made.deployment.template.metadata.labels
        #expect(labels["istio.io/dataplane-mode"] == "none" && labels["sidecar.istio.io/inject"] == "false")
        #expect(
            made.deployment.selector.matches(labels)
                && made.service.selector?["gateway.networking.k8s.io/gateway-name"] == "way")
        #expect(made.service.ports.map(\.port) == [15021, 15008])
        #expect(made.service.ports.map(\.appProtocol) == ["tcp", "hbone"])
        #expect(made.deployment.template.spec.serviceAccountName == "way")
    }

    @Test func `what is made reads back as manifests`() throws {
        let made = try #require(try Self.made(Self.gateway()))
        #expect(objects(ManifestWriter.text(of: made.objects)) == made.objects)
    }

    @Test func `labels for what is made stand in place of the Gateway's own`() throws {
        let made = try Self.made(Self.gateway(spec: "infrastructure: {labels: {cost: b}}"))
        #expect(made?.service.metadata.labels["cost"] == "b" && made?.service.metadata.labels["team"] == nil)
    }

    @Test func `a Gateway of another class, or one that somebody runs already, is left alone`() throws {
        #expect(try Self.made(Self.gateway(className: "istio-waypoint")) == nil)
        let run = Self.gateway(spec: "addresses: [{type: Hostname, value: a.b}]")
        #expect(try Self.made(run) == nil)
        let config = """
            ---
            apiVersion: slipstream.io/v1alpha1
            kind: MeshConfig
            metadata: {name: default, namespace: slipstream-system}
            spec: {waypoints: {ownIstioClass: true}}

            """
        #expect(try Self.made(Self.gateway(className: "istio-waypoint") + config) != nil)
    }

    @Test func `another's object of the same name is not touched`() {
        let service =
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: way, namespace: shop}\nspec: {ports: [{port: 80}]}\n"
        let reference = ObjectReference(kind: .service, namespace: "shop", name: "way")
        #expect(throws: WaypointObjects.Fault.occupied(reference)) { try Self.made(Self.gateway() + service) }
    }

    @Test func `an address is told only once a pod of it is ready`() throws {
        let waypoint = pod("way-1").replacing(
            "labels: {app: way-1", with: "labels: {gateway.networking.k8s.io/gateway-name: way, app: way-1")
        func status(_ text: String) throws -> GatewayStatus {
            let model = MeshModel(objects(text))
            let gateway = try #require(model.gateways.values.first)
            return try #require(GatewayStatus(of: gateway, in: model, settings: MeshSettings(), fault: nil))
        }
        let pending = try status(Self.gateway())
        #expect(pending.addresses.isEmpty && pending.conditions.map(\.status) == [.isTrue, .isFalse, .isTrue])
        let ready = try status(Self.gateway() + waypoint)
        #expect(ready.addresses.map(\.value) == ["way.shop.svc.cluster.local"])
        #expect(ready.conditions.map(\.status) == [.isTrue, .isTrue, .isTrue])
    }
}
