import Mesh

/// The labels of Istio's TCP metrics: whose connection it was, and how it ended. `unknown` stands for what is not
/// known.
package struct TrafficLabels: Hashable, Sendable {
    package static let names = [
        "reporter", "source_workload", "source_canonical_service", "source_canonical_revision",
        "source_workload_namespace", "source_principal", "source_app", "source_version", "source_cluster",
        "destination_service", "destination_service_namespace", "destination_service_name", "destination_workload",
        "destination_canonical_service", "destination_canonical_revision", "destination_workload_namespace",
        "destination_principal", "destination_app", "destination_version", "destination_cluster", "request_protocol",
        "response_flags", "connection_security_policy",
    ]

    /// In the order of `names`.
    package let values: [String]

    init(_ facts: ConnectionFacts, _ flags: ResponseFlags) {
        let source = WorkloadLabels(facts.source, facts.sourceBaggage)
        let destination = WorkloadLabels(facts.destination, nil)
        let service = facts.service?.service
        let isSecure = facts.security != nil
        values =
            [facts.direction == .outbound ? "source" : "destination"]
            + source.values(principal: isSecure ? facts.sourceIdentity : nil)
            + [service?.hostname, service?.namespace, service?.name].map { $0 ?? "unknown" }
            + destination.values(principal: isSecure ? facts.destinationIdentity : nil)
            + ["tcp", flags.rawValue, isSecure ? "mutual_tls" : "unknown"]
    }

    private init(values: [String]) { self.values = values }

    /// Stands for all that came when there were too many series.
    static let overflow = TrafficLabels(values: names.map { _ in "overflow" })
}

/// What the labels say of one end.
private struct WorkloadLabels {
    let workload, service, revision, namespace, cluster: String

    init(_ entry: WorkloadEntry?, _ baggage: Baggage?) {
        func said(_ text: String?) -> String { text.flatMap { $0.isEmpty ? nil : $0 } ?? "unknown" }
        let known = entry?.workload
        workload = said(known?.workloadName ?? baggage?.workloadName)
        service = said(known?.canonicalName ?? baggage?.service)
        revision = said(known?.canonicalRevision ?? baggage?.version)
        namespace = said(known?.namespace ?? baggage?.namespace)
        cluster = said(known?.clusterID ?? baggage?.cluster)
    }

    /// Istio gives `app` and `version` the values of the canonical service and revision.
    func values(principal: SPIFFEIdentity?) -> [String] {
        [workload, service, revision, namespace, principal?.description ?? "unknown", service, revision, cluster]
    }
}
