import Discovery

/// Finds what objects refer to and is not there: their namespaces, service accounts and nodes.
///
/// In a cluster the API server sees to most of this; in a directory nobody else would, and a pod that waits forever for
/// its service account says nothing.
struct ReferenceCheck {
    private let objects: [ObjectReference: Manifest]
    private let hasNodes: Bool
    /// Namespaces that every cluster has, and the mesh's own.
    private let givenNamespaces: Set<String>

    init(_ objects: [ObjectReference: Manifest], rootNamespace: String) {
        self.objects = objects
        hasNodes = objects.keys.contains { $0.kind == .node }
        givenNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease", rootNamespace]
    }

    func diagnostics(of manifest: Manifest) -> [ManifestDiagnostic] {
        namespaceFault(of: manifest) + specFaults(of: manifest)
    }

    private func namespaceFault(of manifest: Manifest) -> [ManifestDiagnostic] {
        let namespace = manifest.object.metadata.namespace
        guard manifest.object.kind.isNamespaced, !givenNamespaces.contains(namespace), !has(.namespace, "", namespace)
        else { return [] }
        return [
            manifest.diagnostic(
                .error, field: "metadata.namespace",
                problem: "expected the name of a Namespace, found none called \(namespace.quoted)")
        ]
    }

    private func specFaults(of manifest: Manifest) -> [ManifestDiagnostic] {
        switch manifest.object {
        case .pod(let pod): faults(of: pod.spec, at: "spec", manifest)
        case .deployment(let deployment): faults(of: deployment.template.spec, at: "spec.template.spec", manifest)
        default: []
        }
    }

    private func faults(of spec: Kubernetes.PodSpec, at path: String, _ manifest: Manifest) -> [ManifestDiagnostic] {
        var faults: [ManifestDiagnostic] = []
        let namespace = manifest.object.metadata.namespace
        let account = spec.serviceAccountName
        if account != "default", !has(.serviceAccount, namespace, account) {
            faults.append(
                manifest.diagnostic(
                    .error, field: "\(path).serviceAccountName",
                    problem: "expected a ServiceAccount of namespace \(namespace), found none called "
                        + account.quoted))
        }
        if !spec.nodeName.isEmpty, hasNodes, !has(.node, "", spec.nodeName) {
            faults.append(
                manifest.diagnostic(
                    .error, field: "\(path).nodeName",
                    problem: "expected the name of a Node, found none called \(spec.nodeName.quoted)"))
        }
        return faults
    }

    private func has(_ kind: KubernetesObject.Kind, _ namespace: String, _ name: String) -> Bool {
        objects[ObjectReference(kind: kind, namespace: namespace, name: name)] != nil
    }
}
