import Controller
import Discovery
import Foundation
import Hummingbird

/// Questions of people and tools, answered in JSON: docs/reference/controller.md.
enum Interface {
    /// Longer than any command line waits.
    private static let waitLimitSeconds = 600.0

    static func routes(
        _ distribution: Distribution, _ source: any WorldSource, _ authority: CertificateAuthority
    ) -> HTTPFace.Routes {
        let router = Router()
        router.get("api/authority") { _, _ in json(AuthorityAnswer(authority.status())) }
        router.post("api/authority/rotation") { _, _ in
            do {
                try authority.rotate()
            } catch {
                return problem("\(error)", .conflict)
            }
            return json(AuthorityAnswer(authority.status()))
        }
        addDescriptions(to: router, distribution)
        router.get("api/world") { request, _ in
            if request.uri.queryParameters["refresh"] == "true" { await source.refresh() }
            return json(await WorldAnswer(distribution))
        }
        router.get("api/resources") { request, _ in
            if let proxy = request.uri.queryParameters["proxy"].map(String.init) {
                return json(await distribution.told(proxy).map(ToldAnswer.init))
            }
            guard let type = ResourceType(shortName: request.uri.queryParameters["type"].map(String.init) ?? "address")
            else { return problem("type: expected address or authorization", .badRequest) }
            return json(await distribution.resources(type).map(ResourceAnswer.init))
        }
        router.get("api/enforcement") { request, _ in
            guard let reference = ObjectReference(request) else {
                return problem("expected kind, name, and of a kind that has one its namespace", .badRequest)
            }
            guard let text = request.uri.queryParameters["wait"] else {
                return await verdict(on: reference, distribution)
            }
            guard let seconds = Double(text), (0...waitLimitSeconds).contains(seconds) else {
                return problem("wait: expected seconds, 0 to \(Int(waitLimitSeconds))", .badRequest)
            }
            // What was written before the question belongs to it.
            await source.refresh()
            await wait(for: reference, seconds: seconds, distribution)
            return await verdict(on: reference, distribution)
        }
        return router.buildResponder()
    }

    private static func verdict(on reference: ObjectReference, _ distribution: Distribution) async -> Response {
        guard let verdict = await distribution.verdict(on: reference) else {
            let unread = await distribution.problem(of: reference)
            return problem(unread ?? "there is no \(reference)", .notFound)
        }
        return json(EnforcementDescription(reference, verdict))
    }

    /// Until it is in force everywhere, or the time is over. An object that is not there may yet come.
    private static func wait(for reference: ObjectReference, seconds: Double, _ distribution: Distribution) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: .seconds(seconds)) }
            group.addTask {
                let changes = await distribution.verdictChanges()
                if await distribution.verdict(on: reference)?.isEnforced == true { return }
                for await _ in changes where await distribution.verdict(on: reference)?.isEnforced == true { return }
            }
            await group.next()
            group.cancelAll()
        }
    }

    static func json(_ answer: some Encodable) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        guard let data = try? encoder.encode(answer) else {
            return problem("the answer cannot be written", .internalServerError)
        }
        return HTTPFace.text(String(decoding: data, as: UTF8.self) + "\n", type: "application/json")
    }

    static func problem(_ text: String, _ status: HTTPResponse.Status) -> Response {
        HTTPFace.text(#"{"error":"\#(text.jsonEscaped)"}"# + "\n", type: "application/json", status: status)
    }
}

extension String {
    fileprivate var jsonEscaped: String {
        unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case _ where scalar.value < 0x20: " "
            default: String(scalar)
            }
        }.joined()
    }
}

extension ObjectReference {
    init?(_ request: Request) {
        let parameters = request.uri.queryParameters
        guard let kind = parameters["kind"].flatMap({ KubernetesObject.Kind(rawValue: String($0)) }),
            let name = parameters["name"].map(String.init), !name.isEmpty
        else { return nil }
        let namespace = parameters["namespace"].map(String.init) ?? ""
        guard kind.isNamespaced != namespace.isEmpty else { return nil }
        self.init(kind: kind, namespace: namespace, name: name)
    }
}

extension ResourceType {
    fileprivate init?(shortName: String) {
        switch shortName {
        case "address": self = .address
        case "authorization": self = .authorization
        default: return nil
        }
    }
}
