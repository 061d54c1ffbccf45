import Discovery

/// The controller's metrics as a page (OpenMetrics 1.0).
struct MetricsPage {
    static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private(set) var text = ""

    init(_ values: ControllerMetrics.Values) {
        gauge("slipstream_world_version", "Changes taken in from the source", Int(values.worldVersion))
        family("slipstream_resources", "gauge", "Resources that proxies are told of", "type", values.resources)
        gauge("slipstream_xds_streams", "Proxies connected", values.streams)
        family(
            "slipstream_proxies", "gauge", "Proxies connected whose acknowledgements count", "role", values.proxies)
        gauge("slipstream_xds_behind", "Streams that have not acknowledged everything", values.behind)
        gauge("slipstream_xds_unanswered", "Streams with a response that awaits its answer", values.inFlight)
        gauge("slipstream_xds_initial_waiting", "Proxies that wait for their first answer", values.initialPushesWaiting)
        family("slipstream_xds_pushes", "counter", "Responses sent", "type", values.pushes)
        family(
            "slipstream_xds_pushed_resources", "counter", "Resources and removals sent", "type", values.pushedResources)
        histogram(
            "slipstream_push_seconds", "From a change to the response that tells a proxy of it", values.pushTimes)
        histogram(
            "slipstream_acknowledgement_seconds", "From a change to a proxy's acknowledgement",
            values.acknowledgementTimes)
        histogram(
            "slipstream_convergence_seconds", "From a change to the last proxy's acknowledgement",
            values.convergenceTimes)
        family("slipstream_xds_rejects", "counter", "Responses rejected in part or whole", nil, ["": values.rejections])
        family("slipstream_ca_issued", "counter", "Certificates issued", nil, ["": values.issued])
        family("slipstream_ca_refused", "counter", "Certificates refused", "reason", values.refusals)
        family("slipstream_token_refused", "counter", "Tokens refused", "reason", values.tokenRefusals)
        text += "# EOF\n"
    }

    private mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
        var sum: UInt64 = 0
        for (count, bound) in zip(histogram.counts, Histogram.bounds.map { "\($0)" } + ["+Inf"]) {
            sum += count
            text += "\(name)_bucket{le=\"\(bound)\"} \(sum)\n"
        }
        text += "\(name)_count \(sum)\n\(name)_sum \(histogram.sumSeconds)\n"
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
    var shortName: String {
        switch self {
        case .authorization: "authorization"
        case .address: "address"
        case .workload: "workload"
        }
    }
}
