import Glibc
import Mesh
import Reactor
import Waypoint
import ZTunnel

let usage = """
    USAGE: waypoint [--help] [--version]

    A proxy on the way to the services and pods that are bound to it: takes their connections by HBONE on port 15008 and
    carries them on to their endpoints. Configured by environment variables, as ztunnel is; docs/reference/waypoint.md lists
    them.

      LOCAL_XDS_PATH           file with workloads, services and policies; read again when it changes
      SLIPSTREAM_CA_DIR        directory with root-cert.pem, ca-cert.pem and ca-key.pem (mode 0600)
      PROXY_WORKLOAD_INFO      this waypoint's pod, as namespace/name/service-account
      LOG_FORMAT               plain or json

    """

func fail(_ problem: String) -> Never {
    // Where even this cannot be written, the exit code speaks alone.
    try? Descriptor.writeAll(Array("waypoint: \(problem)\n".utf8), to: Descriptor.standardError)
    exit(1)
}

switch CommandLine.arguments.dropFirst().first {
case "--help", "-h": print(usage, terminator: "")
case "--version": print("waypoint \(Version.current)")
case let unknown?: fail("unknown argument '\(unknown)'; see waypoint --help")
case nil:
    // A peer that closes while we write is an answer, not a reason to die.
    signal(SIGPIPE, SIG_IGN)
    ProcessSurroundings.raiseOpenFilesLimit()
    do {
        var environment = ProcessSurroundings.variables
        // It serves one workload, its own pod, where it was started.
        environment["PROXY_MODE"] = "dedicated"
        let configuration = try Configuration(
            environment: environment, cores: ProcessSurroundings.cores, fileExists: ProcessSurroundings.fileExists)
        try NodeProcess(configuration) { settings in
            settings.isCapturing = false
            // Nothing captures what it sends, and marking it would take a right that it has no other use for.
            settings.mark = nil
            settings.serve = { pod, arrival in WaypointConnection(pod, arrival).begin() }
        }.run()
    } catch {
        fail("\(error)")
    }
}
