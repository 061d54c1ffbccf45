import Reactor

/// Something to run inside a network namespace.
struct Program: Hashable {
    var namespace: String
    /// What the program takes the machine's name to be; nil for the machine's own.
    var hostname: String?
    var command: [String]
    var environment: [String: String]
    var directory = "/"
    /// Where what it prints is appended.
    var log: String

    /// `ip netns exec` becomes the program: the process that is started is the program's own, and dies with the playground.
    func launch() throws(Errno) -> ChildProcess.Launch {
        guard let ip = Command.find("ip") else { throw Errno(code: 2) }
        var launch = ChildProcess.Launch(ip, Self.arguments(namespace, hostname, command), environment: environment)
        launch.directory = directory
        launch.isGroupLeader = true
        launch.diesWithParent = true
        return launch
    }

    /// The arguments of `ip` that make it become a command in a namespace, under a name.
    static func arguments(_ namespace: String, _ hostname: String?, _ command: [String]) -> [String] {
        var naming: [String] = []
        if let hostname {
            naming = ["unshare", "--uts", "--", "sh", "-c", "hostname \"$0\"; exec \"$@\"", hostname]
        }
        return ["netns", "exec", namespace] + naming + command
    }
}
