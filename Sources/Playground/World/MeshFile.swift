import Controller
import Discovery
import Foundation

/// The configuration that every ztunnel reads, as a file that is replaced as a whole.
struct MeshFile {
    let path: String
    private var written: String?

    init(path: String) {
        self.path = path
    }

    /// Translates the world and writes it, if that says something new.
    mutating func write(_ state: WorldState) throws {
        let translation = Translation(of: MeshModel(state.objects.values), settings: World.mesh)
        let text = StaticConfiguration.render(translation.configuration)
        guard text != written else { return }
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        written = text
    }
}
