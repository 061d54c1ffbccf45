import Controller
import Hummingbird

extension Interface {
    /// How the mesh stands, and what it makes of an object: made from one moment's view, outside of what serves proxies.
    static func addDescriptions(to router: Router<BasicRequestContext>, _ distribution: Distribution) {
        router.get("api/status") { _, _ in json(MeshDescription(await distribution.view)) }
        router.get("api/proxies") { _, _ in
            let view = await distribution.view
            return json(view.proxies.map { ProxyDescription($0, at: view.version) })
        }
        router.get("api/describe") { request, _ in
            guard let reference = ObjectReference(request) else {
                return problem("expected kind, name, and of a kind that has one its namespace", .badRequest)
            }
            guard ObjectDescription.kinds.contains(reference.kind) else {
                let kinds = ObjectDescription.kinds.map(\.rawValue).joined(separator: ", ")
                return problem(
                    "there is nothing to tell of a \(reference.kind.rawValue); of these there is: \(kinds)", .badRequest
                )
            }
            guard let description = await distribution.view.describe(reference) else {
                return problem("there is no \(reference)", .notFound)
            }
            return json(description)
        }
        router.get("api/names") { request, _ in
            guard let kind = request.parameter("kind").flatMap(KubernetesObject.Kind.init(rawValue:)) else {
                return problem("kind: expected a kind of object", .badRequest)
            }
            let names = await distribution.view.names(of: kind, in: request.parameter("namespace"))
            return json(names.map { NamedObject(namespace: $0.namespace, name: $0.name) })
        }
        router.get("api/waypoints") { request, _ in
            json(await distribution.view.waypoints(in: request.parameter("namespace")))
        }
    }
}

extension Request {
    /// Nil for one that is empty, too.
    fileprivate func parameter(_ name: String) -> String? {
        uri.queryParameters[Substring(name)].map(String.init).flatMap { $0.isEmpty ? nil : $0 }
    }
}
