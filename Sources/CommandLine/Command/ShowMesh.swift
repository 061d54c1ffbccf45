import Controller
import Foundation
package import Playground

/// `slipstream status`.
package struct ShowMesh {
    private let format: OutputFormat

    package init(format: OutputFormat) { self.format = format }

    package func run(_ client: ControllerClient) throws(CommandFailure) -> Int32 {
        let mesh = try client.require(MeshDescription.self, "/api/status")
        let names = mesh.proxies.map { "proxy/\($0.name)\n" }.joined()
        let now = Int(Date().timeIntervalSince1970)
        StandardOutput.write(
            format.structured(mesh)
                ?? (format == .name ? names : MeshText(mesh: mesh, isWide: format == .wide, now: now).text))
        return 0
    }
}
