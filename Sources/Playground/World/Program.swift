import Reactor

/// Something to run inside a network namespace.
struct Program: Hashable {
    var namespace: String
    var command: [String]
    var environment: [String: String]
    var directory = "/"
    /// Where what it prints is appended.
    var log: String

    /// `ip netns exec` becomes the program: the process that is started is the program's own, and dies with the playground.
    func launch() throws(Errno) -> ChildProcess.Launch {
        guard let ip = Command.find("ip") else { throw Errno(code: 2) }
        var launch = ChildProcess.Launch(ip, ["netns", "exec", namespace] + command, environment: environment)
        launch.directory = directory
        launch.isGroupLeader = true
        launch.diesWithParent = true
        return launch
    }
}
