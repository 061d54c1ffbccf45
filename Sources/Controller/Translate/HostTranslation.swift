import Mesh

/// A host name of a namespace → Service, from the object that it stands for.
struct HostTranslation {
    private let model: MeshModel
    private let settings: MeshSettings
    private let services: ServiceTranslation
    private let entries: ServiceEntryTranslation

    init(model: MeshModel, settings: MeshSettings, pool: AddressPool) {
        self.model = model
        self.settings = settings
        services = ServiceTranslation(model: model, settings: settings)
        entries = ServiceEntryTranslation(model: model, settings: settings, pool: pool)
    }

    func service(at key: NamespacedName) -> Service? {
        switch model.telling(key.name, in: key.namespace, settings) {
        case .service(let service): services.service(for: service)
        case .entry(let entry): entries.service(for: key.name, of: entry)
        case nil: nil
        }
    }
}

extension AddressPool {
    /// All that a model's ServiceEntries need.
    init(of model: MeshModel) {
        self.init()
        let keys = model.serviceEntries.keys.sorted { $0.sortsBefore($1) }
        for key in keys { place(key, of: model) }
    }

    /// What the hosts of one of them need now, and no more.
    mutating func place(_ key: NamespacedName, of model: MeshModel) {
        let hosts = model.serviceEntries[key]?.hostsWithoutAddress ?? []
        for host in self.hosts(of: key) where !hosts.contains(host) {
            release(Host(entry: key, name: host))
        }
        for host in hosts.sorted() { allocate(Host(entry: key, name: host)) }
    }
}
