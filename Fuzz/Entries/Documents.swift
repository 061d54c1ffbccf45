import Discovery
import Mesh

/// Files that tell a proxy or a node agent what to do.
extension FuzzEntry {
    private typealias Parsed<Value: Equatable> = Result<Value, FuzzFault>

    static let yaml = FuzzEntry(pure: "yaml", inputLimitBytes: 32 * 1024) { bytes throws(FuzzFault) in
        let read = parsed { try YAMLParser.documents(in: text(bytes)) }
        guard case .success(let documents) = read else { return read }
        let printed = YAMLEmitter.text(ofDocuments: documents)
        let again = parsed { YAMLEmitter.text(ofDocuments: try YAMLParser.documents(in: printed)) }
        guard again == .success(printed) else { throw FuzzFault("\(again) from what was printed:\n\(printed)") }
        return read
    }

    static let staticConfiguration = FuzzEntry(
        pure: "static-configuration", inputLimitBytes: 16 * 1024
    ) { bytes throws(FuzzFault) in
        let read = parsed { try StaticConfiguration.parse(text(bytes), file: "mesh.yaml") }
        guard case .success(let configuration) = read else { return read }
        let printed = StaticConfiguration.render(configuration)
        let again = parsed { StaticConfiguration.render(try StaticConfiguration.parse(printed, file: "printed")) }
        guard again == .success(printed) else { throw FuzzFault("\(again) from what was printed:\n\(printed)") }
        return read
    }

    private struct PodFiles: Equatable {
        let pod: Parsed<PodRecord>
        let status: Parsed<PodStatus>
    }

    static let podFile = FuzzEntry(pure: "pod-file", inputLimitBytes: 8192) { bytes throws(FuzzFault) in
        let pod = parsed { try PodRecord(json: bytes) }
        if case .success(let record) = pod, parsed({ try PodRecord(json: record.json) }) != pod {
            throw FuzzFault("\(record) is not read as it was printed")
        }
        let status = parsed { try PodStatus(json: bytes) }
        if case .success(let value) = status, parsed({ try PodStatus(json: value.json) }) != status {
            throw FuzzFault("\(value) is not read as it was printed")
        }
        return PodFiles(pod: pod, status: status)
    }

    /// What was read, or in which words it was refused.
    private static func parsed<Value: Equatable>(_ parse: () throws -> Value) -> Parsed<Value> {
        do {
            return .success(try parse())
        } catch {
            return .failure(FuzzFault("\(error)"))
        }
    }
}
