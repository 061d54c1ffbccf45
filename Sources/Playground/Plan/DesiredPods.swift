import Controller
import Mesh

/// The pods that the user's manifests ask for.
struct DesiredPods {
    private(set) var demands: [PodPlan.Demand] = []
    private var templates: [PodPlan.Owner: Kubernetes.PodTemplate] = [:]

    init(_ objects: some Sequence<KubernetesObject>) {
        for object in objects {
            switch object {
            case .deployment(let deployment):
                add(.deployment, deployment.metadata, deployment.template, replicas: deployment.replicas)
            case .pod(let pod): add(.pod, pod.metadata, .init(metadata: pod.metadata, spec: pod.spec), replicas: 1)
            default: break
            }
        }
        demands.sort { $0.owner.description < $1.owner.description }
    }

    private mutating func add(
        _ kind: PodPlan.Owner.Kind, _ metadata: Kubernetes.ObjectMeta, _ template: Kubernetes.PodTemplate, replicas: Int
    ) {
        let owner = PodPlan.Owner(kind, NamespacedName(namespace: metadata.namespace, name: metadata.name))
        templates[owner] = template
        demands.append(.init(owner: owner, replicas: replicas, revision: Self.revision(template, of: kind)))
    }

    /// A lone pod's labels may change while it runs; a Deployment's template makes new pods whatever part of it changes.
    private static func revision(_ template: Kubernetes.PodTemplate, of kind: PodPlan.Owner.Kind) -> String {
        var metadata = Kubernetes.ObjectMeta(name: "")
        if kind == .deployment {
            metadata.labels = template.metadata.labels
            metadata.annotations = template.metadata.annotations
        }
        let text = ManifestWriter.text(of: [.pod(Kubernetes.Pod(metadata: metadata, spec: template.spec))])
        return StableHash(text).text(9)
    }

    func template(for owner: PodPlan.Owner) -> Kubernetes.PodTemplate? { templates[owner] }

    /// A pod as it begins, with an address and without a status.
    func pod(_ creation: PodPlan.Creation, uid: String, node: String) -> Kubernetes.Pod? {
        guard let template = templates[creation.demand.owner] else { return nil }
        var metadata = Kubernetes.ObjectMeta(name: creation.name.name, namespace: creation.name.namespace)
        metadata.labels = template.metadata.labels
        metadata.annotations = template.metadata.annotations
        metadata.uid = uid
        if creation.demand.owner.kind == .deployment {
            metadata.labels[MeshLabel.podTemplateHash] = creation.demand.revision
            metadata.ownerReferences = [
                .init(
                    apiVersion: "apps/v1", kind: "ReplicaSet",
                    name: "\(creation.demand.owner.name.name)-\(creation.demand.revision)", uid: "", isController: true)
            ]
        }
        var spec = template.spec
        spec.nodeName = node
        return Kubernetes.Pod(metadata: metadata, spec: spec)
    }
}
