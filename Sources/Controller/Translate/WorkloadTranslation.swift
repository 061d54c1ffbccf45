package import Mesh

/// Pod → Workload.
struct WorkloadTranslation {
    let model: MeshModel
    let settings: MeshSettings

    /// Nil for a pod that has ended or has no address yet.
    func workload(for pod: Kubernetes.Pod) -> Workload? {
        guard pod.status.phase != .succeeded, pod.status.phase != .failed, !pod.status.podIPs.isEmpty else {
            return nil
        }
        var workload = Workload(
            uid: settings.uid(ofPod: pod.key), name: pod.metadata.name, namespace: pod.metadata.namespace)
        workload.serviceAccount = pod.spec.serviceAccountName
        workload.trustDomain = settings.trustDomain
        workload.clusterID = settings.clusterID
        describePlace(of: pod, in: &workload)
        describeTunnel(of: pod, in: &workload)
        describeNames(of: pod, in: &workload)
        workload.status = pod.status.isReady && pod.metadata.deletionTimestamp == nil ? .healthy : .unhealthy
        workload.services = ServiceMembership(model: model, settings: settings).services(of: pod)
        workload.authorizationPolicies = model.policies(for: pod.metadata, settings)
        let waypoints = WaypointResolution(model: model, settings: settings)
        workload.waypoint = waypoints.binding(of: pod.metadata, for: .workload)?.address
        return workload
    }

    private func describePlace(of pod: Kubernetes.Pod, in workload: inout Workload) {
        workload.addresses = pod.status.podIPs
        workload.network = pod.metadata.labels[MeshLabel.network] ?? settings.network
        workload.networkMode = pod.spec.hostNetwork ? .hostNetwork : .standard
        workload.node = pod.spec.nodeName
        let labels = model.nodes[pod.spec.nodeName]?.metadata.labels ?? [:]
        workload.locality = Locality(
            region: labels[MeshLabel.region] ?? "", zone: labels[MeshLabel.zone] ?? "",
            subzone: labels[MeshLabel.subzone] ?? "")
    }

    /// The node says what is captured; the label `ambient` alone is a wish.
    private func describeTunnel(of pod: Kubernetes.Pod, in workload: inout Workload) {
        workload.nativeTunnel = pod.metadata.labels[MeshLabel.tunnel] == "http"
        let isCaptured = pod.metadata.annotations[MeshAnnotation.redirection] == "enabled" && !pod.spec.hostNetwork
        workload.tunnelProtocol = isCaptured || workload.nativeTunnel ? .hbone : .tcp
    }

    private func describeNames(of pod: Kubernetes.Pod, in workload: inout Workload) {
        workload.workloadType = .pod
        workload.workloadName = WorkloadName.name(of: pod.metadata)
        workload.canonicalName = MeshLabel.canonicalNames.said(by: pod.metadata) ?? workload.workloadName
        workload.canonicalRevision = MeshLabel.canonicalRevisions.said(by: pod.metadata) ?? "latest"
    }
}

extension MeshModel {
    /// The policies with a selector that matches a workload, and what its peers must prove.
    func policies(for object: Kubernetes.ObjectMeta, _ settings: MeshSettings) -> [NamespacedName] {
        let namespaces = Set([object.namespace, settings.rootNamespace])
        let selecting = namespaces.flatMap { policies(selecting: object, in: $0) }
            .filter(AuthorizationTranslation.isForZTunnel).map(\.metadata.key)
        let strictness = PeerTranslation(model: self, settings: settings).policyKey(for: object)
        return (selecting + [strictness].compactMap { $0 }).sorted { $0.sortsBefore($1) }
    }
}

extension MeshSettings {
    package func uid(ofPod pod: NamespacedName) -> String { "\(clusterID)//Pod/\(pod)" }

    package func hostname(ofService service: NamespacedName) -> String {
        "\(service.name).\(service.namespace).svc.\(clusterDomain)"
    }
}
