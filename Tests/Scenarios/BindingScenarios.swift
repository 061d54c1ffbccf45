import Foundation
import Mesh
import Testing

extension Scenarios {
    /// A real waypoint that our controller configures, bound and unbound while it matters.
    @Suite struct BindingScenarios {
        private static let gateway = """
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata:
              name: waypoint
              namespace: shop
            spec:
              gatewayClassName: slipstream-waypoint
              listeners:
              - name: mesh
                port: 15008
                protocol: HBONE
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: waypoint
              namespace: shop
              labels:
                gateway.istio.io/managed: istio.io-mesh-controller
            spec:
              clusterIP: 10.97.0.2
              selector:
                app: waypoint
              ports:
              - name: mesh
                port: 15008
                appProtocol: hbone
            """

        private static func service(
            _ name: String = "echo", address: String = Waypoint.address, target: Int = 7000, isBound: Bool
        ) -> String {
            """
            apiVersion: v1
            kind: Service
            metadata:
              name: \(name)
              namespace: shop
              labels:
                istio.io/use-waypoint: \(isBound ? "waypoint" : "none")
            spec:
              clusterIP: \(address)
              selector:
                app: server
              ports:
              - port: 80
                targetPort: \(target)
            """
        }

        /// A mesh with `server` behind `echo`, and a waypoint to which `echo` is bound or not.
        private final class Bound {
            let mesh: NamespaceMesh
            let controller: MeshController
            let waypoint: Waypoint

            init(isBound: Bool) throws {
                mesh = try NamespaceMesh(pods: [.client, .server, .neighbour, .outsider, Waypoint.pod]) {
                    $0.hasController = true
                }
                controller = try #require(mesh.controller)
                try controller.write(BindingScenarios.gateway, to: "gateway")
                waypoint = try Waypoint(in: mesh)
                try mesh.serve(in: .server)
                try bind(isBound)
                #expect(try mesh.askUntilAnswered(from: .client, Waypoint.address, port: 80).text == "hello")
            }

            deinit { waypoint.stop() }

            func bind(_ isBound: Bool) throws {
                try controller.write(BindingScenarios.service(isBound: isBound), to: "echo")
                try controller.awaitEnforcement(of: "Service", "echo")
            }

            func watch(_ pod: MeshPod, _ address: String, port: Int) throws
                -> NamespaceMesh.Occupation<
                    NamespaceMesh.Answer
                >
            {
                try mesh.occupy(pod, "watch", address, port: port, seconds: 60, ["--pause", "0.02"])
            }
        }

        @Test func `a waypoint is bound and unbound while calls go on, and none is lost`() throws {
            let world = try Bound(isBound: false)
            let work = try [
                world.watch(.client, Waypoint.address, port: 80), world.watch(.neighbour, Waypoint.address, port: 80),
                world.watch(.client, MeshPod.server.address, port: 7000),
            ]
            for isBound in [true, false, true, false] { try world.bind(isBound) }
            for watch in work {
                watch.stop()
                let lines = watch.lines.dropLast()
                #expect(lines.count > 100)
                #expect(lines.filter { $0.contains("failure") } == [])
            }
            let said = try world.waypoint.said()
            #expect(said.contains(Waypoint.echo.name))
        }

        @Test func `a waypoint that is in force cannot be walked around`() throws {
            let world = try Bound(isBound: true)
            let mesh = world.mesh
            try mesh.serve(in: .server, port: 7001)
            try world.controller.write(
                Self.service("other", address: "10.97.0.3", target: 7001, isBound: false), to: "other")
            // The pod's own address, from the mesh: through the waypoint all the same. From elsewhere: not at all.
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            #expect(try mesh.ask(from: .outsider, MeshPod.server.address).text == nil)
            // Another service of the same pod, on a port of its own, is as it was.
            #expect(try mesh.askUntilAnswered(from: .client, "10.97.0.3", port: 80).text == "hello")
            #expect(try mesh.ask(from: .outsider, MeshPod.server.address, port: 7001).text == "hello")

            world.waypoint.stop()
            #expect(try mesh.ask(from: .client, Waypoint.address, port: 80).text == nil)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
            try world.waypoint.start()
            #expect(try mesh.askUntilAnswered(from: .client, Waypoint.address, port: 80).text == "hello")

            // A controller that begins anew leaves no gap.
            world.controller.stop()
            try world.controller.start()
            for _ in 0..<20 { #expect(try mesh.ask(from: .outsider, MeshPod.server.address).text == nil) }
            #expect(try mesh.ask(from: .client, Waypoint.address, port: 80).text == "hello")

            try world.bind(false)
            #expect(try mesh.askUntilAnswered(from: .outsider, MeshPod.server.address).text == "hello")
        }

        @Test func `a policy judges the client behind the waypoint`() throws {
            let world = try Bound(isBound: true)
            #expect(try world.mesh.ask(from: .neighbour, Waypoint.address, port: 80).text == "hello")
            try world.controller.write(
                """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata:
                  name: known
                  namespace: shop
                spec:
                  action: ALLOW
                  rules:
                  - from:
                    - source:
                        principals: [cluster.local/ns/shop/sa/client]
                """, to: "policy")
            try world.controller.awaitEnforcement(of: "AuthorizationPolicy", "known")
            let answer = try world.mesh.ask(from: .client, Waypoint.address, port: 80)
            #expect(answer.text == "hello" && answer.client == MeshPod.client.address)
            #expect(try world.mesh.ask(from: .neighbour, Waypoint.address, port: 80).text == nil)
        }
    }
}
