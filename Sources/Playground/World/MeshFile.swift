import Controller
import Discovery
import Foundation

/// The configuration that every ztunnel reads, as a file that is replaced as a whole.
struct MeshFile {
    let path: String
    private var written: String?
    /// When it last changed, as proxies write the time.
    private(set) var changeTime = ""

    init(path: String) {
        self.path = path
    }

    /// Translates the world and writes it, if that says something new.
    mutating func write(_ state: WorldState) throws {
        let translation = Translation(of: MeshModel(state.objects.values), settings: World.mesh)
        let text = StaticConfiguration.render(translation.configuration)
        guard text != written else { return }
        let now = Self.timestamp
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        written = text
        changeTime = now
    }

    /// RFC 3339 to the microsecond, whose order as text is its order in time.
    private static var timestamp: String {
        let now = Date()
        let microseconds = Int(now.timeIntervalSince1970 * 1_000_000) % 1_000_000
        let second = now.formatted(.iso8601).dropLast()
        return "\(second).\(String(1_000_000 + microseconds).dropFirst())Z"
    }
}
