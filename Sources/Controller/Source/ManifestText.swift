import Discovery
import Foundation

/// The text of a manifest's file, or why there is none.
enum ManifestText {
    struct Unreadable: Error, Equatable { let problem: String }

    static func read(_ path: String) -> Result<String, Unreadable> {
        let limitBytes = YAMLLimits().bytes
        // The target of a link, since a mounted ConfigMap is links.
        let target = URL(filePath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: target),
            let type = attributes[.type] as? FileAttributeType, type == .typeRegular,
            let file = FileHandle(forReadingAtPath: target)
        else { return .failure(Unreadable(problem: "expected a regular file that can be read")) }
        defer { try? file.close() }
        guard let data = try? file.read(upToCount: limitBytes + 1) ?? Data() else {
            return .failure(Unreadable(problem: "expected a file that can be read"))
        }
        guard data.count <= limitBytes else {
            return .failure(Unreadable(problem: "expected at most \(limitBytes) bytes"))
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            return .failure(Unreadable(problem: "expected text in UTF-8"))
        }
        return .success(text)
    }
}
