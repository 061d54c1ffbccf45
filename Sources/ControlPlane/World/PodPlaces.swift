import Controller

/// Which service accounts have pods on which node: of whom a node's proxy may ask certificates.
struct PodPlaces: Sendable {
    private struct Place: Hashable {
        let node: String
        let account: String
    }

    private var podsByPlace: [Place: Set<String>] = [:]
    private var placeByPod: [String: Place] = [:]

    func hasPod(of account: String, onNode node: String) -> Bool {
        podsByPlace[Place(node: node, account: account)] != nil
    }

    mutating func apply(_ change: MeshModel.Change) {
        switch change {
        case .upsert(.pod(let pod)):
            remove("\(pod.metadata.namespace)/\(pod.metadata.name)")
            guard pod.status.phase != .failed, !pod.spec.nodeName.isEmpty else { return }
            let account = "\(pod.metadata.namespace)/\(pod.spec.serviceAccountName)"
            insert("\(pod.metadata.namespace)/\(pod.metadata.name)", Place(node: pod.spec.nodeName, account: account))
        case .remove(let reference) where reference.kind == .pod: remove("\(reference.namespace)/\(reference.name)")
        case .upsert, .remove: return
        }
    }

    private mutating func insert(_ pod: String, _ place: Place) {
        placeByPod[pod] = place
        podsByPlace[place, default: []].insert(pod)
    }

    private mutating func remove(_ pod: String) {
        guard let place = placeByPod.removeValue(forKey: pod) else { return }
        podsByPlace[place]?.remove(pod)
        if podsByPlace[place]?.isEmpty == true { podsByPlace[place] = nil }
    }
}
