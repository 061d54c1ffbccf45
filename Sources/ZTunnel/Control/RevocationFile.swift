import Glibc
package import HBONE
package import Reactor

/// What a file says is revoked (`CRL_PATH`), read again whenever it changes. Without the file nothing is; one that cannot be read
/// changes nothing. Owned by the control thread.
package final class RevocationFile: EventHandler {
    private static let limitBytes = 64 << 20
    /// How soon a directory that went away is looked for again.
    private static let retryMilliseconds: UInt64 = 2_000

    private let path: String
    private let directory: String
    private let reactor: Reactor
    private let log: Log
    private let changed: (Revocations) -> Void
    private var watch: DirectoryWatch?
    private var token: Token?
    private var last: [UInt8]?

    /// - Parameter changed: told each time that the file says something else.
    package init(path: String, on reactor: Reactor, _ log: Log, changed: @escaping (Revocations) -> Void) {
        self.path = path
        let slash = path.lastIndex(of: "/")
        directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        self.reactor = reactor
        self.log = log
        self.changed = changed
    }

    /// Reads the file, and from then on whenever its directory says that it has changed.
    package func start() {
        do throws(Errno) {
            let watch = try DirectoryWatch(directory)
            token = try reactor.watch(watch.raw, for: self)
            self.watch = consume watch
        } catch {
            retry()
        }
        read()
    }

    package func ready(_ readiness: Readiness) {
        do throws(Errno) {
            while let change = try watch?.change() {
                if change == .gone { return lost() }
                read()
            }
        } catch {
            lost()
        }
    }

    private func lost() {
        if let token { reactor.forget(token) }
        token = nil
        watch = nil
        retry()
    }

    private func retry() {
        _ = reactor.after(milliseconds: Self.retryMilliseconds) { [weak self] in self?.start() }
    }

    private func read() {
        var bytes: [UInt8] = []
        do throws(Errno) {
            bytes = try WholeFile.contents(of: path, limitBytes: Self.limitBytes)
        } catch {
            guard error.code == ENOENT else {
                return log.error("certificates", "not read", ["file": path, "error": "\(error)"])
            }
        }
        guard bytes != last else { return }
        last = bytes
        do throws(TLSFailure) {
            let revocations = bytes.isEmpty ? Revocations.none : try Revocations(file: bytes)
            log.info("certificates", "revocations read", ["file": path, "revoked": "\(revocations.count)"])
            changed(revocations)
        } catch {
            log.error("certificates", "revocations not read", ["file": path, "error": "\(error)"])
        }
    }
}

@available(*, unavailable)
extension RevocationFile: Sendable {}
