import Glibc
import Testing

extension Scenarios {
    /// What ends while connections are open: applications, and ztunnel itself.
    @Suite struct ShutdownScenarios {
        @Test func `an application that dies resets its clients, and is found again when it is back`() throws {
            let mesh = try NamespaceMesh()
            let application = try mesh.serve(in: .server)
            let transfers = try (0..<3).map { _ in
                try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 20)
            }
            application.kill()
            for transfer in transfers { #expect(try transfer.summary().wrong != nil) }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).failure == "reset")
            try mesh.serve(in: .server)
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).name == "server")
        }

        @Test func `an application that stops listening finishes what it has begun`() throws {
            let mesh = try NamespaceMesh()
            let command = ["/usr/bin/python3", "-c", Self.listensOnce]
            _ = try mesh.start(in: .server, "once", command)
            try eventually("it listens") { try mesh.output(of: .server, "once").contains("listening") }
            let first: NamespaceMesh.Occupation<NamespaceMesh.Steady> = try mesh.startSteadyTransfer(
                from: .client, MeshPod.server.address, seconds: 2)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).failure == "reset")
            #expect(try first.summary().wrong == nil)
        }

        /// Takes one connection, closes its listener, and echoes what comes after the first line.
        private static let listensOnce = """
            import socket
            listener = socket.create_server(("0.0.0.0", 7000))
            print("listening", flush=True)
            connection, _ = listener.accept()
            listener.close()
            while connection.recv(1) != b"\\n": pass
            while received := connection.recv(65536): connection.sendall(received)
            """

        @Test func `a ztunnel that is asked to end cuts at its deadline what has not ended, and takes nothing new`()
            throws
        {
            let mesh = try NamespaceMesh { mesh in
                for node in mesh.nodes { node.environment["CONNECTION_TERMINATION_DEADLINE"] = "3s" }
            }
            try mesh.serve(in: .server)
            let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 40)
            let ztunnel = try #require(mesh.nodes[0].ztunnel)
            ztunnel.signal(SIGTERM)
            try eventually("nothing new is taken", withinSeconds: 2) {
                try mesh.ask(from: .client, MeshPod.server.address).text == nil
            }
            #expect(ztunnel.isRunning)
            #expect(ztunnel.wait(seconds: 10) == 0)
            let summary = try transfer.summary()
            #expect(summary.wrong?.contains("Reset") == true, "\(summary)")
            // It went on until then.
            #expect(summary.blocks > 50)
        }

        @Test
        func `the ztunnel of a destination that is asked to end lets transfers finish, and the next one is refused`()
            throws
        {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 2)
            let ztunnel = try #require(mesh.nodes[1].ztunnel)
            ztunnel.signal(SIGTERM)
            usleep(300_000)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
            #expect(try transfer.summary().wrong == nil)
            #expect(ztunnel.wait(seconds: 10) == 0)
            try mesh.nodes[1].startZtunnel()
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
        }
    }
}
