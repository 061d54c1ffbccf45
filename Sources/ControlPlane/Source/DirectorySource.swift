import Controller
import Glibc
package import Reactor

/// Directories of manifests as a source.
///
/// Nothing is reported until a first reading has no error: a policy that cannot be read at first would be one that does not
/// hold. Afterwards a file that cannot be read keeps what it held.
package actor DirectorySource: WorldSource {
    private var source: ManifestSource
    private let log: Log
    private var report: (@Sendable (SourceEvent) async -> Void)?
    private var objects: [ObjectReference: KubernetesObject]?
    private var problems: [ManifestDiagnostic] = []
    /// One reading at a time: an actor lets others in while it waits.
    private var isReading = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init(directories: [String], rootNamespace: String, _ log: Log) {
        source = ManifestSource(directories: directories, rootNamespace: rootNamespace)
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
        await read()
        isReading = false
        let others = waiting
        waiting = []
        for other in others { other.resume() }
    }

    private func read() async {
        guard let report else { return }
        let reading = source.read()
        let found = reading.diagnostics.filter { $0.severity == .error }
        if found != problems {
            problems = found
            for problem in found { log.error("source", "\(problem)") }
            await report(.problems(found))
        }
        let now = reading.objects.mapValues(\.object)
        guard let before = objects else {
            guard reading.isSound else { return }
            objects = now
            return await report(.listed(now))
        }
        let changes = MeshModel.Change.list(from: before, to: now)
        guard !changes.isEmpty else { return }
        objects = now
        await report(.changed(changes))
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

extension MeshModel.Change {
    /// What makes the one of the other: removals first.
    fileprivate static func list(
        from old: [ObjectReference: KubernetesObject], to new: [ObjectReference: KubernetesObject]
    ) -> [MeshModel.Change] {
        let removals = old.keys.filter { new[$0] == nil }.sorted().map(MeshModel.Change.remove)
        let upserts = new.filter { old[$0.key] != $0.value }.sorted { $0.key < $1.key }
        return removals + upserts.map { .upsert($0.value) }
    }
}
