import TestNamespaces

/// A pod and one peer, joined by a cable.
struct PodLab {
    static let port = 9000

    enum Family: CaseIterable {
        case v4, v6

        var pod: String { self == .v4 ? "10.99.0.2" : "fd99::2" }
        var peer: String { self == .v4 ? "10.99.0.1" : "fd99::1" }
    }

    let pod: TestNamespace
    let peer: TestNamespace

    init() throws {
        pod = try TestNamespace("pod")
        peer = try TestNamespace("peer")
        try TestNamespace.connect(peer, ["10.99.0.1/24", "fd99::1/64"], pod, ["10.99.0.2/24", "fd99::2/64"])
    }

    /// An application that answers, ready to be called.
    func listen(in namespace: TestNamespace) throws -> RunningProgram {
        try ready(["python3", Command.file("conversation.py"), "listen", "\(Self.port)"], in: namespace)
    }

    /// An application that calls and talks.
    func call(from namespace: TestNamespace, to address: String) throws -> RunningProgram {
        try start(["python3", Command.file("conversation.py"), "call", address, "\(Self.port)"], in: namespace)
    }

    /// An application that answers three seconds after the question has ended.
    func answerLate(in namespace: TestNamespace) throws -> RunningProgram {
        try ready(["python3", Command.file("half_close.py"), "listen", "\(Self.port)", "3"], in: namespace)
    }

    func ask(from namespace: TestNamespace, _ address: String) throws -> RunningProgram {
        try start(["python3", Command.file("half_close.py"), "call", address, "\(Self.port)"], in: namespace)
    }

    /// A stand-in for the node proxy, in the pod.
    func startProxy() throws -> RunningProgram {
        try ready(["python3", Command.file("proxy.py")], in: pod)
    }

    /// Everything that enrolment changes.
    func stateOfPod() throws -> [String] {
        [
            try pod.run("nft", "list", "ruleset"), try pod.run("ip", "-4", "rule"), try pod.run("ip", "-6", "rule"),
            try pod.run("ip", "-4", "route", "show", "table", "all"),
            // Link-local addresses, and their routes, come by themselves once the kernel has looked for duplicates.
            try pod.run("ip", "-6", "route", "show", "table", "all").split(separator: "\n")
                .filter { !$0.contains("fe80:") }.joined(separator: "\n"),
        ]
    }

    private func ready(_ arguments: [String], in namespace: TestNamespace) throws -> RunningProgram {
        let program = try start(arguments, in: namespace)
        guard let line = program.line(), line == "listening" else {
            throw Command.Failure("\(arguments): \(program.rest())")
        }
        return program
    }

    private func start(_ arguments: [String], in namespace: TestNamespace) throws -> RunningProgram {
        try RunningProgram(["ip", "netns", "exec", namespace.name] + arguments)
    }
}
