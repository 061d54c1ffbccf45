import Foundation
import FuzzEntries
import Testing

/// What the fuzzer starts from, and what it has found: each input again, without the fuzzer.
struct FuzzReplayTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fuzz")

    /// The files of `Fuzz/Corpus/NAME` or `Fuzz/Crashers/NAME`, by name.
    private static func inputs(_ kind: String, _ entry: String) throws -> [(name: String, bytes: [UInt8])] {
        let files = folder.appending(path: kind).appending(path: entry)
        guard FileManager.default.fileExists(atPath: files.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: files.path).sorted().map { name in
            (name, [UInt8](try Data(contentsOf: files.appending(path: name))))
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: FuzzEntry.all.map(\.name))
    func `every input of the corpus, and each that once broke something, is read or refused`(name: String) throws {
        let entry = try #require(FuzzEntry.all.first { $0.name == name })
        let corpus = try Self.inputs("Corpus", name)
        #expect(!corpus.isEmpty, "an entry without an input to start from")
        for input in corpus + (try Self.inputs("Crashers", name)) {
            do throws(FuzzFault) {
                try entry.check(input.bytes)
            } catch {
                Issue.record("\(name)/\(input.name): \(error)")
            }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: FuzzEntry.all.map(\.name))
    func `an input that is cut off anywhere is read or refused`(name: String) throws {
        let entry = try #require(FuzzEntry.all.first { $0.name == name })
        for input in try Self.inputs("Corpus", name) {
            // At most so many cuts of each, spread over it.
            let step = max(1, input.bytes.count / 24)
            for length in stride(from: 0, to: input.bytes.count, by: step) {
                do throws(FuzzFault) {
                    try entry.check(Array(input.bytes.prefix(length)))
                } catch {
                    Issue.record("\(name)/\(input.name), first \(length) bytes: \(error)")
                }
            }
        }
    }

    @Test func `each folder of inputs belongs to an entry`() throws {
        let names = Set(FuzzEntry.all.map(\.name))
        for kind in ["Corpus", "Crashers"] {
            let folders =
                (try? FileManager.default.contentsOfDirectory(atPath: Self.folder.appending(path: kind).path)) ?? []
            #expect(names.isSuperset(of: folders))
        }
    }
}
