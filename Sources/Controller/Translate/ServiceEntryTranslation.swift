import Mesh

/// ServiceEntry → a Service for each of its hosts.
struct ServiceEntryTranslation {
    let model: MeshModel
    let settings: MeshSettings
    let pool: AddressPool

    /// Nil for one that nobody is told of.
    func service(for host: String, of entry: Kubernetes.ServiceEntry) -> Service? {
        guard let visibility = visibility(of: entry) else { return nil }
        var service = Service(name: entry.metadata.name, namespace: entry.metadata.namespace, hostname: host)
        addAddresses(host, entry, to: &service)
        for port in entry.ports where port.isTCP {
            service.ports[port.number] = Service.Port(target: port.target, appProtocol: port.meshProtocol)
        }
        if entry.resolution == .none {
            service.loadBalancing.mode = .passthrough
            service.loadBalancing.healthPolicy = .allowAll
        }
        service.subjectAltNames = entry.subjectAltNames
        service.visibility = visibility
        service.isCanonical = isCanonical(host, entry)
        if let binding = model.waypointBinding(of: entry.metadata, for: .service, settings) {
            service.waypoint = binding.address
            service.weightedWaypoints = binding.shares
        }
        return service
    }

    private func addAddresses(_ host: String, _ entry: Kubernetes.ServiceEntry, to service: inout Service) {
        for prefix in entry.addresses {
            if prefix.length == prefix.address.bitCount {
                service.addresses.append(NetworkAddress(network: settings.network, ip: prefix.address))
            } else {
                service.cidrAddresses.append(prefix)
            }
        }
        guard entry.addresses.isEmpty else { return }
        let told = entry.allocatedAddresses.filter { $0.host.isEmpty || $0.host == host }.map(\.value)
        let own = AddressPool.Host(entry: entry.metadata.key, name: host)
        service.addresses = (told.isEmpty ? pool.addresses(of: own) : told).map {
            NetworkAddress(network: settings.network, ip: $0)
        }
    }

    /// The narrower of what its author says and what the mesh's settings say of its namespace; nil when nobody sees it.
    private func visibility(of entry: Kubernetes.ServiceEntry) -> Service.Visibility? {
        let rules = model.meshConfig(in: settings.rootNamespace)?.serviceEntryVisibility ?? []
        let labels = model.namespaces[entry.metadata.namespace]?.metadata.labels ?? [:]
        let allowed = rules.first { $0.namespaces.matches(labels) }?.visibility ?? .everywhere
        if allowed == .none || entry.exportTo.contains("~") { return nil }
        let isEverywhere = entry.exportTo.isEmpty || entry.exportTo.contains("*")
        return allowed == .everywhere && isEverywhere ? .everywhere : .namespace
    }

    /// A Kubernetes Service of the host comes first, then the oldest entry that everybody sees.
    private func isCanonical(_ host: String, _ entry: Kubernetes.ServiceEntry) -> Bool {
        guard model.service(ofHost: host, settings) == nil else { return false }
        let visible = model.entries(ofHost: host).filter { visibility(of: $0) == .everywhere }
        return visible.first?.metadata.key == entry.metadata.key
    }
}

extension Kubernetes.ServiceEntry {
    /// The hosts that are to be given addresses: those without any, where something can be done with one.
    var hostsWithoutAddress: [String] {
        guard addresses.isEmpty, allocatedAddresses.isEmpty, resolution != .none,
            metadata.labels[MeshLabel.autoAllocate] != "false"
        else { return [] }
        return hosts.filter { !$0.hasPrefix("*") || resolution == .dynamicDNS }
    }
}

extension Kubernetes.ServiceEntry.Port {
    var isTCP: Bool { protocolName.uppercased() != "UDP" }

    var target: UInt16 { targetPort > 0 ? targetPort : number }

    fileprivate var meshProtocol: Service.AppProtocol {
        switch protocolName.uppercased() {
        case "HTTP": .http11
        case "HTTP2": .http2
        case "GRPC", "GRPC-WEB": .grpc
        case "HTTPS", "TLS": .tls
        case "TCP", "MONGO", "MYSQL", "REDIS": .tcp
        default: .unknown
        }
    }
}
