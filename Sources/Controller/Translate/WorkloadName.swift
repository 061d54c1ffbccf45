/// What a pod is called together with its like: the Deployment, CronJob or other owner that it comes from.
enum WorkloadName {
    static func name(of pod: Kubernetes.ObjectMeta) -> String {
        if let given = pod.labels[MeshLabel.workloadName], !given.isEmpty { return given }
        guard let owner = pod.controller else { return nameWithoutOwner(of: pod) }
        switch owner.kind {
        case "ReplicaSet": return withoutTemplateHash(owner.name, pod) ?? owner.name
        case "Job": return withoutScheduledTime(owner.name) ?? owner.name
        default: return owner.name
        }
    }

    private static func nameWithoutOwner(of pod: Kubernetes.ObjectMeta) -> String {
        guard pod.generateName.hasSuffix("-") else { return pod.name }
        let generator = String(pod.generateName.dropLast())
        return withoutTemplateHash(generator, pod) ?? generator
    }

    /// A ReplicaSet is called `<Deployment>-<hash>`, and its pods carry the hash as a label.
    private static func withoutTemplateHash(_ name: String, _ pod: Kubernetes.ObjectMeta) -> String? {
        guard let hash = pod.labels[MeshLabel.podTemplateHash], !hash.isEmpty, name.hasSuffix("-\(hash)"),
            name.count > hash.count + 1
        else { return nil }
        return String(name.dropLast(hash.count + 1))
    }

    /// A CronJob's Job is called `<CronJob>-<time in minutes or seconds>`, which has 8 to 10 digits.
    private static func withoutScheduledTime(_ name: String) -> String? {
        guard let dash = name.lastIndex(of: "-"), dash != name.startIndex else { return nil }
        let digits = name[name.index(after: dash)...].utf8
        guard (8...10).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return String(name[..<dash])
    }
}
