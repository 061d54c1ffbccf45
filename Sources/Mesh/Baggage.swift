/// What one end of a tunnel says about its workload, in the header `baggage`. For telemetry; policy never reads it.
package struct Baggage: Hashable, Sendable {
    /// Nil where it is not said. The values are what a peer claims.
    package var cluster: String?
    package var namespace: String?
    package var workloadType: Workload.Kind?
    package var workloadName: String?
    package var service: String?
    package var version: String?
    package var region: String?
    package var zone: String?

    package init() {}

    package init(of workload: Workload) {
        func said(_ text: String) -> String? { text.isEmpty ? nil : text }
        cluster = said(workload.clusterID)
        namespace = said(workload.namespace)
        workloadType = workload.workloadName.isEmpty ? nil : workload.workloadType
        workloadName = said(workload.workloadName)
        service = said(workload.canonicalName)
        version = said(workload.canonicalRevision)
        region = said(workload.locality.region)
        zone = said(workload.locality.zone)
    }
}

// MARK: - Text

extension Baggage {
    /// More than a peer with sane names needs; what is beyond is not read.
    private static let lineLengthMax = 4096
    private static let memberCountMax = 32
    /// A Kubernetes name has at most 253 bytes.
    private static let valueLengthMax = 253

    /// One header line. What is malformed, too long or unknown is left out: nothing depends on it.
    package init(_ line: some StringProtocol) {
        self.init()
        add(line)
    }

    /// A further line of the same header; what is said twice counts as said last.
    package mutating func add(_ line: some StringProtocol) {
        guard line.utf8.count <= Self.lineLengthMax else { return }
        for member in line.split(separator: ",", maxSplits: Self.memberCountMax).prefix(Self.memberCountMax) {
            let pair = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            // W3C Baggage §3.2: properties follow the value after a semicolon.
            let value = (pair[1].split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)[0]).trimmed
            guard Self.isValue(value) else { continue }
            set(pair[0].trimmed, to: String(value))
        }
    }

    private mutating func set(_ key: some StringProtocol, to value: String) {
        switch key {
        case "k8s.cluster.name": cluster = value
        case "k8s.namespace.name": namespace = value
        case "k8s.deployment.name": (workloadType, workloadName) = (.deployment, value)
        case "k8s.cronjob.name": (workloadType, workloadName) = (.cronjob, value)
        case "k8s.pod.name": (workloadType, workloadName) = (.pod, value)
        case "k8s.job.name": (workloadType, workloadName) = (.job, value)
        case "service.name": service = value
        case "service.version": version = value
        case "cloud.region": region = value
        case "cloud.availability_zone": zone = value
        default: break
        }
    }

    private static func isValue(_ text: some StringProtocol) -> Bool {
        (1...valueLengthMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isPrintable && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ";") }
    }

    /// The header's value; empty when there is nothing to say. A value that a header cannot carry is left out.
    package var header: String {
        let members: [(String, String?)] = [
            ("k8s.cluster.name", cluster), ("k8s.namespace.name", namespace),
            ("k8s.\((workloadType ?? .pod).rawValue).name", workloadName), ("service.name", service),
            ("service.version", version), ("cloud.region", region), ("cloud.availability_zone", zone),
        ]
        return members.compactMap { key, value in
            value.flatMap { Self.isValue($0) ? "\(key)=\($0)" : nil }
        }.joined(separator: ",")
    }
}
