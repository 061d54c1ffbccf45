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

      XDS_ADDRESS              the control plane, such as https://controller.slipstream-system.svc:15012
      CA_ADDRESS               the certificate authority, in the same form
      XDS_ROOT_CA, CA_ROOT_CA  what their certificates lead to: a file, PEM, or SYSTEM
      AUTH_TOKEN               file with the token that they know this proxy by
      LOCAL_XDS_PATH           instead of XDS_ADDRESS: file with workloads, services and policies; read again on change
      SLIPSTREAM_CA_DIR        instead of CA_ADDRESS: directory with root-cert.pem, ca-cert.pem and ca-key.pem (mode 0600)
      PROXY_WORKLOAD_INFO      this waypoint's pod, as namespace/name/service-account; or its parts one by one:
      POD_NAMESPACE, POD_NAME, SERVICE_ACCOUNT
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
        let configuration = try Configuration(
            .waypoint, environment: ProcessSurroundings.variables, cores: ProcessSurroundings.cores,
            fileExists: ProcessSurroundings.fileExists)
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
