import Discovery

/// The controller's metrics as a page (OpenMetrics 1.0).
struct MetricsPage {
    static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private(set) var text = ""

    init(_ values: ControllerMetrics.Values) {
        gauge("slipstream_world_version", "Changes taken in from the source", Int(values.worldVersion))
        family("slipstream_resources", "gauge", "Resources that proxies are told of", "type", values.resources)
        gauge("slipstream_xds_streams", "Proxies connected", values.streams)
        gauge("slipstream_xds_initial_waiting", "Proxies that wait for their first answer", values.initialPushesWaiting)
        family("slipstream_xds_pushes", "counter", "Responses sent", "type", values.pushes)
        family(
            "slipstream_xds_pushed_resources", "counter", "Resources and removals sent", "type", values.pushedResources)
        family("slipstream_xds_rejects", "counter", "Responses rejected in part or whole", nil, ["": values.rejections])
        family("slipstream_ca_issued", "counter", "Certificates issued", nil, ["": values.issued])
        family("slipstream_ca_refused", "counter", "Certificates refused", "reason", values.refusals)
        family("slipstream_token_refused", "counter", "Tokens refused", "reason", values.tokenRefusals)
        text += "# EOF\n"
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        family(name, "gauge", help, nil, ["": value])
    }

    /// Labels are words of ours and need no escaping.
    private mutating func family(
        _ name: String, _ kind: String, _ help: String, _ label: String?, _ values: [String: some BinaryInteger]
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            let labels = label.map { "{\($0)=\"\(key)\"}" } ?? ""
            text += "\(name)\(kind == "counter" ? "_total" : "")\(labels) \(value)\n"
        }
    }
}

extension ResourceType {
    var shortName: String { self == .authorization ? "authorization" : "address" }
}
