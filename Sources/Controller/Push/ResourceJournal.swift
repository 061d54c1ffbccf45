/// The resources of one type, and in what order they came to be as they are.
///
/// It is the queue of every subscriber at once: each keeps only how far it has read. What changed twice since then is there
/// once, so that nobody can be behind by more than the number of resources, and being behind costs no memory.
package struct ResourceJournal: Sendable {
    package struct Changes: Hashable, Sendable {
        package var upserts: [PublishedResource] = []
        package var removals: [String] = []

        package init() {}

        package var isEmpty: Bool { upserts.isEmpty && removals.isEmpty }
    }

    private struct Entry {
        let version: WorldVersion
        let name: String
    }

    package private(set) var resources: [String: PublishedResource] = [:]
    /// What is gone, until everybody has been told.
    private var removals: [String: WorldVersion] = [:]
    /// By version. An entry is stale when its resource has changed again since.
    private var log: [Entry] = []
    private var staleCount = 0

    package init() {}

    /// The last change of this type.
    package var latest: WorldVersion { log.last?.version ?? .none }

    package mutating func upsert(_ resource: PublishedResource) {
        if resources[resource.name] != nil || removals[resource.name] != nil { staleCount += 1 }
        removals[resource.name] = nil
        resources[resource.name] = resource
        append(resource.name, resource.since)
    }

    /// - Returns: what is gone; nil when there was none.
    @discardableResult
    package mutating func remove(_ name: String, at version: WorldVersion) -> PublishedResource? {
        guard let gone = resources.removeValue(forKey: name) else { return nil }
        staleCount += 1
        removals[name] = version
        append(name, version)
        return gone
    }

    /// What is new or different since `version`, in the order in which it came.
    package func upserts(after version: WorldVersion) -> [PublishedResource] {
        log[index(after: version)...].compactMap { entry in
            resources[entry.name].flatMap { $0.since == entry.version ? $0 : nil }
        }
    }

    /// What is gone since `version`, and was by `limit`.
    package func removals(after version: WorldVersion, through limit: WorldVersion) -> [String] {
        guard version < limit, !removals.isEmpty else { return [] }
        return log[index(after: version)..<index(after: limit)].compactMap { entry in
            removals[entry.name] == entry.version ? entry.name : nil
        }
    }

    /// What one who holds `versions` by name must be told.
    package func difference(from versions: [String: String]) -> Changes {
        var changes = Changes()
        changes.upserts = resources.values.filter { versions[$0.name] != $0.version }.sorted {
            ($0.since, $0.name) < ($1.since, $1.name)
        }
        changes.removals = versions.keys.filter { resources[$0] == nil }.sorted()
        return changes
    }

    /// Forgets what was removed up to `version`: nobody is left who does not know.
    package mutating func forgetRemovals(through version: WorldVersion) {
        let known = removals.filter { $0.value <= version }
        guard !known.isEmpty else { return }
        for name in known.keys { removals[name] = nil }
        staleCount += known.count
        compactIfStale()
    }

    package var removalCount: Int { removals.count }

    // MARK: The log

    private mutating func append(_ name: String, _ version: WorldVersion) {
        precondition(version >= latest, "change \(version) after \(latest)")
        log.append(Entry(version: version, name: name))
        compactIfStale()
    }

    /// Half of it may be stale; so compacting costs each change a constant.
    private mutating func compactIfStale() {
        guard staleCount > 64, staleCount * 2 > log.count else { return }
        log = log.filter { entry in
            resources[entry.name].map { $0.since == entry.version } ?? (removals[entry.name] == entry.version)
        }
        staleCount = 0
    }

    /// The first entry later than `version`.
    private func index(after version: WorldVersion) -> Int {
        var (low, high) = (0, log.count)
        while low < high {
            let middle = (low + high) / 2
            if log[middle].version > version { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
