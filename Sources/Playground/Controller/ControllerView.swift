import Foundation

/// What the controller said of the mesh, after it had read everything that was written before it was asked.
struct ControllerView: Hashable {
    struct World: Hashable, Decodable {
        var version: UInt64
        /// Whether it has read its source as a whole.
        var listed: Bool
    }

    struct Proxy: Hashable, Decodable {
        var name: String
        var role: String
        var node: String
        var connected: Bool
        /// The version of the world as far as it is in force there.
        var acknowledged: UInt64
        /// What it could not use, and why.
        var rejections: [String: String]
    }

    /// On the reactor's clock.
    var askedNanoseconds: UInt64
    var world: World
    var proxies: [Proxy]

    /// The proxy of a pod; the one that is connected, if there was another before it.
    func proxy(_ name: String) -> Proxy? {
        let named = proxies.filter { $0.name == name }
        return named.first(where: \.connected) ?? named.first
    }

    func isInSync(_ proxy: Proxy) -> Bool { proxy.connected && proxy.acknowledged >= world.version }
}
