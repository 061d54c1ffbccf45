import Controller

/// One part of what a proxy holds.
package enum ConfigPart: String, CaseIterable, Sendable {
    case workloads, services, policies, certificates, connections

    /// Where it is in the proxy's own words.
    var field: String { self == .connections ? "workloadState" : rawValue }
}

/// A part of what a proxy holds, for people. Pure.
struct ConfigTable {
    let dump: ProxyDump
    /// Nil for all.
    var namespace: String?
    var isWide = false
    /// In seconds of the Unix epoch.
    let now: Int

    func text(_ part: ConfigPart) -> String {
        let table =
            switch part {
            case .workloads: workloads
            case .services: services
            case .policies: policies
            case .certificates: certificates
            case .connections: connections
            }
        return table.rows.isEmpty ? "none\n" : table.text
    }

    private func isShown(_ namespace: String) -> Bool { self.namespace == nil || self.namespace == namespace }

    private var workloads: TextTable {
        let wide = isWide ? ["SERVICE ACCOUNT", "POLICIES"] : []
        var table = TextTable(
            titles: ["NAMESPACE", "WORKLOAD", "ADDRESSES", "NODE", "WAYPOINT", "PROTOCOL", "STATUS"] + wide)
        table.rows = dump.workloads.filter { isShown($0.namespace) }.sorted {
            ($0.namespace, $0.name) < ($1.namespace, $1.name)
        }
        .map {
            [
                $0.namespace, $0.name, $0.workloadIps.joined(separator: ","), $0.node,
                $0.waypoint?.destination ?? "None", $0.protocol, $0.status,
            ] + (isWide ? [$0.serviceAccount, $0.authorizationPolicies.joined(separator: ",")] : [])
        }
        return table
    }

    private var services: TextTable {
        var table = TextTable(titles: ["NAMESPACE", "SERVICE", "ADDRESSES", "PORTS", "WAYPOINT", "HEALTHY"])
        table.rows = dump.services.filter { isShown($0.namespace) }.sorted {
            ($0.namespace, $0.name) < ($1.namespace, $1.name)
        }
        .map {
            [
                $0.namespace, isWide ? $0.hostname : $0.name, $0.vips.map(Self.address).joined(separator: ","),
                $0.ports.portText, $0.waypoint?.destination ?? "None",
                "\($0.endpoints.values.count { $0.status == "Healthy" })/\($0.endpoints.count)",
            ]
        }
        return table
    }

    /// Without the name of the default network.
    private static func address(_ text: String) -> String { text.hasPrefix("/") ? String(text.dropFirst()) : text }

    private var policies: TextTable {
        var table = TextTable(titles: ["NAMESPACE", "POLICY", "ACTION", "SCOPE", "RULES"])
        table.rows = dump.policies.filter { isShown($0.namespace) }.sorted {
            ($0.namespace, $0.name) < ($1.namespace, $1.name)
        }
        .map {
            [$0.namespace, $0.name, $0.action + ($0.dryRun ? " (dry run)" : ""), $0.scope, "\($0.rules.count)"]
        }
        return table
    }

    private var certificates: TextTable {
        var table = TextTable(titles: ["IDENTITY", "STATE", "SERIAL NUMBER", "VALID FROM", "VALID UNTIL", "LEFT"])
        table.rows = dump.certificates.filter { isShown(Self.namespace(of: $0.identity)) }.map { certificate in
            let leaf = certificate.certChain.first
            return [
                certificate.identity, certificate.state, leaf?.serialNumber ?? "", leaf?.validFrom ?? "",
                leaf?.expirationTime ?? "", TimeLeft.text(until: leaf?.expirationTime, now: now),
            ]
        }
        return table
    }

    /// Of `spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT`.
    private static func namespace(of identity: String) -> String {
        let parts = identity.split(separator: "/")
        return parts.count == 6 ? String(parts[3]) : ""
    }

    private var connections: TextTable {
        var table = TextTable(titles: ["NAMESPACE", "POD", "DIRECTION", "FROM", "TO", "ACTUALLY TO", "PROTOCOL"])
        for (_, pod) in dump.workloadState.sorted(by: { $0.key < $1.key }) where isShown(pod.info.namespace) {
            let all =
                pod.connections.inbound.map { ("inbound", $0) } + pod.connections.outbound.map { ("outbound", $0) }
            table.rows += all.map { direction, connection in
                [
                    pod.info.namespace, pod.info.name, direction, connection.src, connection.originalDst,
                    connection.actualDst, connection.protocol,
                ]
            }
        }
        return table
    }
}
