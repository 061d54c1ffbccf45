import Controller
import Glibc
package import Reactor

/// Directories of manifests as a source.
///
/// Nothing is reported until a first reading has no error: a policy that cannot be read at first would be one that does not
/// hold. Afterwards an object that cannot be read stays as it was, and the others of its file are taken.
package actor DirectorySource: WorldSource {
    private var source: ManifestSource
    private let log: Log
    private var report: (@Sendable (SourceEvent) async -> Void)?
    private var isListed = false
    private var problems: [ManifestDiagnostic] = []
    /// One reading at a time: an actor lets others in while it waits.
    private var isReading = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init(directories: [String], _ log: Log) {
        source = ManifestSource(objectsIn: directories)
        self.log = log
    }

    package func run(_ report: @escaping @Sendable (SourceEvent) async -> Void) async {
        self.report = report
        let (looks, look) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        for directory in source.directories { watch(directory) { look.yield() } }
        look.yield()
        for await _ in looks { await refresh() }
    }

    package func refresh() async {
        while isReading { await withCheckedContinuation { waiting.append($0) } }
        isReading = true
        await readSettled()
        isReading = false
        let others = waiting
        waiting = []
        for other in others { other.resume() }
    }

    private static let settlingInterval = Duration.milliseconds(20)
    /// A file that is written all the time is read at last as it is.
    private static let settlingLimit = 50

    /// What is being written when somebody asks is waited for.
    private func readSettled() async {
        for _ in 0..<Self.settlingLimit {
            guard let report else { return }
            let reading = source.read()
            await tell(reading, report)
            if reading.isSettled { return }
            try? await Task.sleep(for: Self.settlingInterval)
        }
    }

    private func tell(_ reading: ManifestReading, _ report: @Sendable (SourceEvent) async -> Void) async {
        let found = reading.diagnostics.filter { $0.severity == .error }
        if found != problems {
            problems = found
            for problem in found { log.error("source", "\(problem)") }
            await report(.problems(found))
        }
        guard isListed else {
            guard reading.isSound, reading.isSettled else { return }
            isListed = true
            return await report(.listed(reading.objects.mapValues(\.object)))
        }
        if !reading.changes.isEmpty { await report(.changed(reading.changes)) }
    }

    // MARK: Watching

    private static let retrySeconds: UInt32 = 1

    /// A thread for each directory, which sleeps in the kernel.
    private func watch(_ directory: String, _ changed: @escaping @Sendable () -> Void) {
        let log = log
        do throws(Errno) {
            _ = try KernelThread(named: "watch") {
                while true {
                    Self.follow(directory, changed)
                    // It is gone, or not there yet.
                    _ = sleep(Self.retrySeconds)
                }
            }
        } catch {
            log.error("source", "cannot watch", ["directory": directory, "error": "\(error)"])
        }
    }

    private static func follow(_ directory: String, _ changed: () -> Void) {
        guard let watch = try? DirectoryWatch(directory) else { return }
        // What changed before the watch began.
        changed()
        while true {
            watch.wait()
            switch try? watch.change() {
            case .files?, .overflow?: changed()
            case .gone?: return changed()
            case nil: continue
            }
        }
    }
}
