import Foundation
import Glibc

/// What a world has left on the machine. Links, addresses, routes and rules all live in its namespaces and go with them.
struct Remains: Sendable {
    let layout: Layout
    private(set) var namespaces: [String] = []
    private(set) var processes: Set<ProcessRecord> = []

    /// Looks for them: by the journal, by name, and by who lives in those namespaces.
    static func find(_ layout: Layout) -> Remains {
        var remains = Remains(layout: layout)
        let entries = Journal.read(path: layout.journal)
        let present = Set((try? FileManager.default.contentsOfDirectory(atPath: Layout.namespaces)) ?? [])
        var names = present.filter { layout.owns(namespace: $0) }
        for case .namespace(let name) in entries where present.contains(name) { names.insert(name) }
        remains.namespaces = names.sorted()
        for case .process(let record) in entries where record.isRunning { remains.processes.insert(record) }
        for name in names { remains.processes.formUnion(inhabitants(of: name)) }
        if let own = ProcessRecord.current { remains.processes.remove(own) }
        return remains
    }

    var isEmpty: Bool {
        namespaces.isEmpty && processes.isEmpty && !FileManager.default.fileExists(atPath: layout.root)
    }

    /// Ends every process, then takes everything away. Returns what could not be taken, in words.
    ///
    /// - Parameter isReplaced: another world is about to begin, and has signed the lock and opened the log.
    static func remove(_ layout: Layout, isReplaced: Bool = false) -> [String] {
        var remains = find(layout)
        for _ in 0..<50 where !remains.processes.isEmpty {
            // A process may start another between the look and the blow; nobody starts one after they are all gone.
            for process in remains.processes { process.signal(SIGKILL) }
            usleep(20_000)
            remains = find(layout)
        }
        var problems = remains.processes.map { "process \($0.identifier) does not end" }
        for name in remains.namespaces {
            do throws(Command.Failure) {
                try Command.run("ip", ["netns", "delete", name])
            } catch {
                problems.append(error.description)
            }
        }
        return problems + removeFiles(layout, keeping: isReplaced ? [layout.lock, layout.log, layout.errorLog] : [])
    }

    private static func removeFiles(_ layout: Layout, keeping kept: Set<String>) -> [String] {
        var problems: [String] = []
        let files = FileManager.default
        let folders = (try? files.contentsOfDirectory(atPath: Layout.namespaceFiles)) ?? []
        var paths = folders.filter { layout.owns(namespace: $0) }.map { "\(Layout.namespaceFiles)/\($0)" }
        // The lock goes last: while it is there nobody else takes what is being removed for his own.
        paths += ((try? files.contentsOfDirectory(atPath: layout.root)) ?? []).map { "\(layout.root)/\($0)" }
            .filter { $0 != layout.lock }
        if kept.isEmpty { paths += [layout.lock, layout.root] }
        for path in paths where !kept.contains(path) {
            do {
                try files.removeItem(atPath: path)
            } catch  where files.fileExists(atPath: path) {
                problems.append("\(path): \(error.localizedDescription)")
            } catch {}
        }
        for parent in [Layout.namespaceFiles, URL(fileURLWithPath: layout.root).deletingLastPathComponent().path] {
            // Somebody else may have something there.
            let others = try? files.contentsOfDirectory(atPath: parent)
            if others?.isEmpty == true { try? files.removeItem(atPath: parent) }
        }
        return problems
    }

    private static func inhabitants(of namespace: String) -> [ProcessRecord] {
        let output = (try? Command.run("ip", ["netns", "pids", namespace])) ?? ""
        return output.split(separator: "\n").compactMap { Int32($0).flatMap(ProcessRecord.init(identifier:)) }
    }
}
