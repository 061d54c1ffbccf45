import Discovery
import Reactor

/// The directory where the agent says how far each pod is, `<uid>.json`, and keeps for itself what it must know of pods
/// whose files are gone when it starts again, `.<uid>.pod`. Thread-confined.
struct StatusDirectory {
    let path: String
    let log: Log

    /// A status that cannot be written is told in the log; what it tells of has happened all the same.
    func write(_ status: PodStatus) {
        attempt("write the status of \(status.uid)") { () throws(Errno) in
            try Directory.replace(PodRecord.fileName(uid: status.uid), in: path, with: status.json)
        }
    }

    func remove(uid: String) {
        attempt("remove the status of \(uid)") { () throws(Errno) in
            try Directory.remove(PodRecord.fileName(uid: uid), in: path)
        }
    }

    /// The pods that have a status.
    func uids() throws(Errno) -> [String] {
        try Directory.names(in: path).filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.map {
            String($0.dropLast(5))
        }
    }

    // MARK: Memory

    /// Before anything is changed in a pod, so that it can be undone without its file.
    func remember(_ pod: PodRecord) throws(Errno) {
        try Directory.replace(Self.memoryName(pod.uid), in: path, with: pod.json)
    }

    func forget(uid: String) {
        attempt("forget \(uid)") { () throws(Errno) in try Directory.remove(Self.memoryName(uid), in: path) }
    }

    /// The pods in which something may have been changed. What cannot be read is told in the log and passed over.
    func remembered() throws(Errno) -> [PodRecord] {
        let names = try Directory.names(in: path).filter { $0.hasPrefix(".") && $0.hasSuffix(".pod") }
        return names.compactMap { name in
            do {
                return try PodRecord(
                    json: WholeFile.contents(of: "\(path)/\(name)", limitBytes: PodRecord.limitBytes))
            } catch {
                log.error("agent", "cannot remember a pod", ["file": name, "error": "\(error)"])
                return nil
            }
        }
    }

    private static func memoryName(_ uid: String) -> String { ".\(uid).pod" }

    private func attempt(_ what: String, _ body: () throws(Errno) -> Void) {
        do throws(Errno) {
            try body()
        } catch {
            log.error("agent", "cannot \(what)", ["error": "\(error)"])
        }
    }
}
