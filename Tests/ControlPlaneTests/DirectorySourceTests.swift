import ControlPlane
import Controller
import Foundation
import Reactor
import Synchronization
import Testing

/// What a directory reports, reading after reading.
@Suite(.timeLimit(.minutes(1))) struct DirectorySourceTests {
    private final class Events: Sendable {
        private let list = Mutex<[SourceEvent]>([])

        func add(_ event: SourceEvent) { list.withLock { $0.append(event) } }

        /// How many objects were listed, and what has changed since.
        var listed: [Int] {
            list.withLock { events in
                events.compactMap { if case .listed(let objects) = $0 { objects.count } else { nil } }
            }
        }

        var changed: [String] {
            list.withLock { events in
                events.flatMap { event -> [String] in
                    guard case .changed(let changes) = event else { return [] }
                    return changes.map { change in
                        switch change {
                        case .upsert(let object): "+\(object.metadata.name)"
                        case .remove(let reference): "-\(reference.name)"
                        }
                    }
                }
            }
        }

        var problems: [ManifestDiagnostic] {
            list.withLock { events in
                events.compactMap { if case .problems(let problems) = $0 { problems } else { nil } }.last ?? []
            }
        }
    }

    private static func namespace(_ name: String, _ value: String = "x") -> String {
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: {a: \(value)}}\n"
    }

    private static func policy(_ action: String) -> String {
        "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: a}\n"
            + "spec: {action: \(action), rules: [{}]}\n"
    }

    private static func reading(
        _ directory: TemporaryDirectory, _ body: (DirectorySource, Events) async throws -> Void
    ) async throws {
        let source = DirectorySource(directories: [directory.path], try Log.silent())
        let events = Events()
        let task = Task { await source.run { events.add($0) } }
        defer { task.cancel() }
        // `run` has begun once something is told.
        while events.listed.isEmpty, events.problems.isEmpty {
            await source.refresh()
            try await Task.sleep(for: .milliseconds(5))
        }
        try await body(source, events)
    }

    @Test func `a policy that cannot be read at first holds everything back, and is told by name`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.namespace("a"), to: "a.yaml")
        try directory.write(Self.policy("DENI"), to: "p.yaml")
        try await Self.reading(directory) { source, events in
            #expect(events.listed.isEmpty)
            #expect(events.problems.map(\.object?.description) == ["AuthorizationPolicy a/p"])
            try directory.write(Self.policy("DENY"), to: "p.yaml")
            await source.refresh()
            #expect(events.listed == [2] && events.problems.isEmpty, "\(events.problems)")
        }
    }

    @Test func `later, what cannot be read stays as it was and holds back nothing else`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write(Self.namespace("a") + Self.policy("DENY") + Self.namespace("b"), to: "a.yaml")
        try await Self.reading(directory) { source, events in
            #expect(events.listed == [3])
            try directory.write(
                Self.namespace("a", "new") + Self.policy("DENI") + Self.namespace("b", "new"), to: "a.yaml")
            await source.refresh()
            #expect(events.changed == ["+a", "+b"])
            #expect(events.problems.count == 1)
            try directory.remove("a.yaml")
            await source.refresh()
            #expect(events.changed.suffix(3).sorted() == ["-a", "-b", "-p"])
        }
    }
}
