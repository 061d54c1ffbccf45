// The fuzzer: libFuzzer's options, and the name of an entry in the environment. `script/fuzz` builds and runs it.
import CFuzzer
import FuzzEntries
import Glibc

/// Set before the first input, and never again.
nonisolated(unsafe) var entry = FuzzEntry.all[0]
/// A descriptor that was closed is the next to be given out: when this number grows, something was left open.
nonisolated(unsafe) var nextDescriptor: CInt = -1

func probeDescriptors() -> CInt {
    let probe = dup(STDERR_FILENO)
    close(probe)
    return probe
}

func say(_ line: String) {
    _ = Array((line + "\n").utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

func fail(_ reason: String) -> Never {
    say("\(entry.name): \(reason)")
    abort()
}

let wanted = getenv("SLIPSTREAM_FUZZ_ENTRY").map { String(cString: $0) }
guard let wanted else {
    print(FuzzEntry.all.map { "\($0.name) \($0.inputLimitBytes)" }.joined(separator: "\n"))
    exit(0)
}
guard let found = FuzzEntry.all.first(where: { $0.name == wanted }) else {
    say("no such entry: \(wanted)")
    exit(2)
}
entry = found

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(
    LLVMFuzzerRunDriver(&count, &arguments) { bytes, length in
        do throws(FuzzFault) {
            try entry.check(Array(UnsafeBufferPointer(start: bytes, count: length)))
        } catch {
            fail(error.description)
        }
        let next = probeDescriptors()
        // What an entry opens for all inputs, it opens at the first.
        if nextDescriptor >= 0, next > nextDescriptor { fail("a descriptor was left open") }
        nextDescriptor = next
        return 0
    })
