import Discovery
package import Mesh
package import Reactor

/// The mesh as a file tells it (`LOCAL_XDS_PATH`), read again whenever it changes. A file that cannot be read changes nothing:
/// what was last understood stays. Owned by the control thread.
package final class StaticSource: EventHandler {
    /// A mesh of 100,000 workloads fits many times.
    private static let limitBytes = 256 << 20
    /// How soon a file that could not be read, or a directory that went away, is tried again.
    private static let retryMilliseconds: UInt64 = 1_000

    private let path: String
    private let directory: String
    private let reactor: Reactor
    private let log: Log
    private let changed: (Snapshot) -> Void
    private var watch: DirectoryWatch?
    private var token: Token?
    private var lastText: [UInt8]?
    private var lastComplaint: String?

    /// - Parameter changed: told each state of the mesh that the file describes.
    package init(path: String, on reactor: Reactor, _ log: Log, changed: @escaping (Snapshot) -> Void) {
        self.path = path
        let slash = path.lastIndex(of: "/")
        directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        self.reactor = reactor
        self.log = log
        self.changed = changed
    }

    /// Reads the file, and from then on whenever its directory says that it has changed.
    package func start() {
        watchDirectory()
        read()
    }

    /// Whether the mesh has been read at least once.
    package var hasArrived: Bool { lastText != nil }

    // MARK: Watching

    /// The directory rather than the file: a file that is replaced whole is another one.
    private func watchDirectory() {
        do throws(Errno) {
            let watch = try DirectoryWatch(directory)
            token = try reactor.watch(watch.raw, for: self)
            self.watch = consume watch
        } catch {
            complain("cannot watch \(directory): \(error)")
            retry { source in source.start() }
        }
    }

    package func ready(_ readiness: Readiness) {
        do throws(Errno) {
            while let change = try watch?.change() {
                switch change {
                // Whichever file it was: ours may be a link to it.
                case .files, .overflow: read()
                case .gone: return lost()
                }
            }
        } catch {
            lost()
        }
    }

    private func lost() {
        if let token { reactor.forget(token) }
        token = nil
        watch = nil
        complain("\(directory) is gone")
        retry { source in source.start() }
    }

    private func retry(_ action: @escaping (StaticSource) -> Void) {
        _ = reactor.after(milliseconds: Self.retryMilliseconds) { [weak self] in
            if let self { action(self) }
        }
    }

    // MARK: Reading

    private func read() {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try WholeFile.contents(of: path, limitBytes: Self.limitBytes)
        } catch {
            return complain("\(path): \(error)")
        }
        guard bytes != lastText else { return }
        guard let text = String(validating: bytes, as: UTF8.self) else { return complain("\(path): not UTF-8") }
        do throws(StaticConfigurationError) {
            let configuration = try StaticConfiguration.parse(text, file: path)
            lastText = bytes
            lastComplaint = nil
            log.info(
                "configuration", "read",
                [
                    "file": path, "workloads": "\(configuration.workloads.count)",
                    "services": "\(configuration.services.count)", "policies": "\(configuration.policies.count)",
                ])
            changed(Snapshot(configuration))
        } catch {
            complain("\(error)")
        }
    }

    /// Once for each new reason.
    private func complain(_ problem: String) {
        guard problem != lastComplaint else { return }
        lastComplaint = problem
        let consequence =
            hasArrived ? "the last good configuration stays in force" : "nothing is admitted until it can be read"
        log.error("configuration", "not read", ["error": problem, "consequence": consequence])
    }
}

@available(*, unavailable)
extension StaticSource: Sendable {}
