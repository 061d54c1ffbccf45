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
        let members = Substring(line).utf8.split(separator: UInt8(ascii: ","), maxSplits: Self.memberCountMax)
        for member in members.prefix(Self.memberCountMax) {
            guard let equals = member.firstIndex(of: UInt8(ascii: "=")) else { continue }
            guard let key = Self.keys[String(Substring(member[..<equals]).trimmed)] else { continue }
            // W3C Baggage §3.2: properties follow the value after a semicolon.
            let value = Substring(member[equals...].dropFirst().prefix { $0 != UInt8(ascii: ";") }).trimmed
            if Self.isValue(value) { set(key, to: String(value)) }
        }
    }

    private enum Key {
        case cluster, namespace, workload(Workload.Kind), service, version, region, zone
    }

    private static let keys: [String: Key] = [
        "k8s.cluster.name": .cluster, "k8s.namespace.name": .namespace, "k8s.deployment.name": .workload(.deployment),
        "k8s.cronjob.name": .workload(.cronjob), "k8s.pod.name": .workload(.pod), "k8s.job.name": .workload(.job),
        "service.name": .service, "service.version": .version, "cloud.region": .region,
        "cloud.availability_zone": .zone,
    ]

    private mutating func set(_ key: Key, to value: String) {
        switch key {
        case .cluster: cluster = value
        case .namespace: namespace = value
        case .workload(let kind): (workloadType, workloadName) = (kind, value)
        case .service: service = value
        case .version: version = value
        case .region: region = value
        case .zone: zone = value
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
