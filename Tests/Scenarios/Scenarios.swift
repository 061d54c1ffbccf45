import Glibc
import Testing

/// The mesh as its users meet it: real binaries, real kernel, network namespaces. One scenario at a time.
@Suite(
    .serialized, .enabled(if: geteuid() == 0, "makes network namespaces, and needs root for it"),
    .timeLimit(.minutes(5)))
struct Scenarios {}
