import Glibc
import Mesh
import Reactor
import ZTunnel

let usage = """
    USAGE: ztunnel [--help] [--version]

    The node proxy: carries the TCP connections of this node's pods through mutual-TLS tunnels and enforces policy.
    Configured by environment variables, named as those of Istio's ztunnel; docs/reference/ztunnel.md lists them.

      XDS_ADDRESS              the control plane, such as https://controller.slipstream-system.svc:15012
      CA_ADDRESS               the certificate authority, in the same form
      XDS_ROOT_CA, CA_ROOT_CA  what their certificates lead to: a file, PEM, or SYSTEM
      AUTH_TOKEN               file with the token that they know this proxy by
      LOCAL_XDS_PATH           instead of XDS_ADDRESS: file with workloads, services and policies; read again on change
      SLIPSTREAM_CA_DIR        instead of CA_ADDRESS: directory with root-cert.pem, ca-cert.pem and ca-key.pem (mode 0600)
      INPOD_UDS                socket of the node agent (default /var/run/ztunnel/ztunnel.sock)
      PROXY_MODE               shared: serves its node's pods; dedicated: one workload, where it was started
      PROXY_WORKLOAD_INFO      that workload, as namespace/name/service-account
      NODE_NAME                name of this node
      ZTUNNEL_WORKER_THREADS   a number, or a percentage of the cores; 0 for all of them
      LOG_FORMAT               plain or json

    """

func fail(_ problem: String) -> Never {
    // Where even this cannot be written, the exit code speaks alone.
    try? Descriptor.writeAll(Array("ztunnel: \(problem)\n".utf8), to: Descriptor.standardError)
    exit(1)
}

switch CommandLine.arguments.dropFirst().first {
case "--help", "-h": print(usage, terminator: "")
case "--version": print("ztunnel \(Version.current)")
case let unknown?: fail("unknown argument '\(unknown)'; see ztunnel --help")
case nil:
    // A peer that closes while we write is an answer, not a reason to die.
    signal(SIGPIPE, SIG_IGN)
    ProcessSurroundings.raiseOpenFilesLimit()
    do {
        let configuration = try Configuration(
            environment: ProcessSurroundings.variables, cores: ProcessSurroundings.cores,
            fileExists: ProcessSurroundings.fileExists)
        try NodeProcess(configuration).run()
    } catch {
        fail("\(error)")
    }
}
