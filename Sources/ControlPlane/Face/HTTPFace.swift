import Hummingbird
import Logging

/// A small HTTP server of ours.
enum HTTPFace {
    typealias Routes = RouterResponder<BasicRequestContext>

    static func serve(_ routes: Routes, on address: BindAddress) async throws {
        // Its own words about requests are not ours to log.
        var logger = Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let application = Application(
            responder: routes, configuration: .init(address: address, serverName: nil), logger: logger)
        try await application.run()
    }

    static func readiness(_ distribution: Distribution) -> Routes {
        let router = Router()
        router.get("readyz") { _, _ in
            if await distribution.isListed { return text("ready\n") }
            let problem = await distribution.problems.first.map { "\($0)" } ?? "the source has not been read yet"
            return text("not ready: \(problem)\n", status: .serviceUnavailable)
        }
        router.get("livez") { _, _ in text("alive\n") }
        return router.buildResponder()
    }

    static func metrics(_ metrics: ControllerMetrics) -> Routes {
        let router = Router()
        router.get("metrics") { _, _ in
            text(MetricsPage(metrics.snapshot).text, type: MetricsPage.contentType)
        }
        return router.buildResponder()
    }

    static func text(
        _ text: String, type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok
    ) -> Response {
        Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
