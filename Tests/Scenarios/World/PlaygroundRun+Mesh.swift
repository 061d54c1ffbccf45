import Foundation
import Glibc

/// What the playground and its controller say of the mesh.
extension PlaygroundRun {
    struct Status: Decodable {
        struct Program: Decodable {
            let name: String
            let process: Int32?
            let restarts: Int
            let log: String
        }

        struct Proxy: Decodable {
            let connected: Bool
            let inSync: Bool
        }

        struct Node: Decodable {
            let name: String
            let programs: [Program]
            let proxy: Proxy
        }

        struct Controller: Decodable {
            let program: Program
            let ready: Bool
        }

        struct Pod: Decodable {
            let namespace: String
            let name: String
            let mesh: String
            let olderConnections: Int
        }

        let controller: Controller
        let nodes: [Node]
        let pods: [Pod]

        /// By name: `controller`, or such as `node-1 ztunnel`.
        func program(_ name: String) -> Program? {
            if name == "controller" { return controller.program }
            let words = name.split(separator: " ")
            return nodes.first { $0.name == words[0] }?.programs.first { $0.name == words[1] }
        }

        var isInSync: Bool { controller.ready && nodes.allSatisfy(\.proxy.inSync) }

        func pod(_ name: String) -> Pod? { pods.first { "\($0.namespace)/\($0.name)" == name } }
    }

    func status() throws -> Status { try slipstream("playground", "status", "-o", "json").json() }

    /// Ends a program of the mesh where it stands, and waits until the next one of it runs.
    ///
    /// - Parameter meanwhile: done again and again while none runs.
    func kill(_ program: String, meanwhile: () throws -> Void) throws {
        let before = try status().program(program)
        guard let process = before?.process, Glibc.kill(process, SIGKILL) == 0 else {
            throw Command.Failure(description: "\(program) does not run")
        }
        try eventually("\(program) runs again", withinSeconds: 20) {
            try meanwhile()
            let now = try status().program(program)
            return now?.process != nil && now?.process != process
        }
    }

    func signal(_ program: String, _ number: Int32) throws {
        guard let process = try status().program(program)?.process, Glibc.kill(process, number) == 0 else {
            throw Command.Failure(description: "\(program) does not run")
        }
    }

    /// Where an object is in force.
    struct Verdict: Decodable {
        struct Laggard: Decodable {
            let name: String
            let node: String
        }

        let enforced: Bool
        let enforcing: Int
        let total: Int
        let laggards: [Laggard]
    }

    /// - Parameter seconds: how long to wait until it is in force everywhere.
    func verdict(onPolicy name: String, in namespace: String, waitingSeconds seconds: Int) throws -> Verdict {
        let query = "kind=AuthorizationPolicy&namespace=\(namespace)&name=\(name)&wait=\(seconds)"
        return try Command.run(
            [
                "curl", "-sS", "--fail-with-body", "--unix-socket", "/run/slipstream/playground/controller.sock",
                "http://controller/api/enforcement?\(query)",
            ], timeoutSeconds: Double(seconds) + 10
        ).json()
    }
}
