import Controller

/// A waypoint, for people. Pure.
struct WaypointText {
    let waypoint: WaypointDescription
    /// In seconds of the Unix epoch.
    let now: Int

    var text: String {
        var fields = FieldList()
        fields.add("Waypoint", "\(waypoint.namespace)/\(waypoint.name)")
        fields.add("Class", waypoint.className + (waypoint.owned ? "" : " (run by somebody else)"))
        fields.add("For", waypoint.traffic)
        fields.add("Ready", waypoint.ready ? "yes" : "no: " + why)
        fields.add("Addresses", waypoint.addresses)
        fields.add("Pods", waypoint.pods.map { "\($0.name) on \($0.node)\($0.ready ? ", ready" : ", not ready")" })
        fields.add(
            "Proxies",
            waypoint.proxies.map { proxy in
                let end = TimeLeft.text(until: proxy.certificateEnd, now: now)
                return "\(proxy.name): \(proxy.sync.text)" + (proxy.reason.isEmpty ? "" : ", \(proxy.reason)")
                    + (end.isEmpty ? "" : ", certificate ends in \(end)")
            })
        fields.add("Services", waypoint.services)
        if !waypoint.workloads.isEmpty { fields.add("Workloads", waypoint.workloads) }
        if !waypoint.namespaces.isEmpty { fields.add("Asked for by", waypoint.namespaces.map { "namespace \($0)" }) }
        fields.add("Conditions", waypoint.conditions.map { "\($0.type)=\($0.status) (\($0.reason)): \($0.message)" })
        return fields.text
    }

    /// The condition that says most.
    private var why: String {
        let fault = waypoint.conditions.first { $0.status == "False" }
        return fault?.message ?? (waypoint.owned ? "nothing runs for it yet" : "its status has no address")
    }

    static func table(_ waypoints: [WaypointDescription]) -> String {
        var table = TextTable(titles: ["NAMESPACE", "NAME", "FOR", "READY", "PODS", "SERVICES", "WORKLOADS", "WHY NOT"])
        table.rows = waypoints.map {
            [
                $0.namespace, $0.name, $0.traffic, $0.ready ? "True" : "False",
                "\($0.pods.count { $0.ready })/\($0.pods.count)", "\($0.services.count)", "\($0.workloads.count)",
                $0.ready ? "" : WaypointText(waypoint: $0, now: 0).why,
            ]
        }
        return table.text
    }
}
