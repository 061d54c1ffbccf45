/// How the whole mesh stands.
package struct MeshDescription: Codable, Hashable, Sendable {
    /// In one sentence.
    package let summary: String
    /// Whether nothing is missing or behind.
    package let healthy: Bool
    /// How many changes the controller has taken in.
    package let version: UInt64
    /// Whether its source has been read.
    package let listed: Bool
    package let pods: Pods
    /// Nodes with pods in the mesh.
    package let nodes: [String]
    /// Those of them whose proxy is not known.
    package let nodesWithoutProxy: [String]
    package let proxies: [ProxyDescription]
    package let policies: Policies
    /// What is not in force everywhere, bindings and routes too.
    package let notEnforced: [EnforcementDescription]
    package let problems: [ProblemDescription]

    package struct Pods: Codable, Hashable, Sendable {
        package var total = 0
        package var enrolled = 0
        /// To be in the mesh, and not yet.
        package var pending: [String] = []
        /// Still in the mesh, and not to be any longer.
        package var leaving: [String] = []
    }

    package struct Policies: Codable, Hashable, Sendable {
        package var total = 0
        package var enforced = 0
    }

    package init(_ view: MeshView) {
        pods = Pods(view)
        let captured = Set(view.model.pods.values.filter(view.isCaptured).map(\.spec.nodeName))
        nodes = captured.sorted()
        let served = Set(view.proxies.filter { $0.role == .ztunnel }.map(\.node))
        nodesWithoutProxy = captured.subtracting(served).sorted()
        proxies = view.proxies.map(view.describe)
        let verdicts = view.model.objects.values.filter(MeshView.isAwaited).sorted { $0.reference < $1.reference }
            .compactMap { object in view.verdict(object.reference).map { (object.reference, $0) } }
        let ofPolicies = verdicts.filter { PolicyDescription.kinds.contains($0.0.kind) }
        policies = Policies(total: ofPolicies.count, enforced: ofPolicies.count { $0.1.isEnforced })
        notEnforced = verdicts.filter { !$0.1.isEnforced }.map(EnforcementDescription.init)
        problems = view.problems.map(ProblemDescription.init)
        (version, listed) = (view.version.number, view.isListed)
        healthy =
            listed && problems.isEmpty && nodesWithoutProxy.isEmpty && notEnforced.isEmpty && pods.pending.isEmpty
            && pods.leaving.isEmpty && proxies.allSatisfy { $0.sync == .inSync }
        summary =
            Summary(
                pods: pods, nodes: nodes.count, absent: nodesWithoutProxy.count, proxies: proxies, policies: policies,
                bindings: notEnforced.count - (policies.total - policies.enforced), problems: problems.count,
                isListed: listed
            ).text
    }
}

extension MeshDescription.Pods {
    fileprivate init(_ view: MeshView) {
        self.init()
        for pod in view.model.pods.values where !pod.hasEnded {
            total += 1
            switch EnrolmentDescription(of: pod, in: view).state {
            case .enrolled: enrolled += 1
            case .pending: pending.append("\(pod.key)")
            case .leaving: leaving.append("\(pod.key)")
            case .outside: break
            }
        }
        pending.sort()
        leaving.sort()
    }
}

/// The sentence.
private struct Summary {
    let pods: MeshDescription.Pods
    let nodes: Int
    let absent: Int
    let proxies: [ProxyDescription]
    let policies: MeshDescription.Policies
    /// Not in force everywhere.
    let bindings: Int
    let problems: Int
    let isListed: Bool

    var text: String {
        guard isListed else {
            return problems == 0
                ? "the controller has not read its source yet, so proxies are told nothing"
                : "the controller cannot read its source (\(count(problems, "problem"))), so proxies are told nothing"
        }
        return ([members, sync, enforcement] + faults).joined(separator: ", ")
    }

    private var members: String {
        let members = pods.enrolled + pods.leaving.count
        guard members > 0 else { return "no pod is in the mesh" }
        return "\(count(members, "pod")) on \(count(nodes, "node")) in the mesh"
    }

    private var sync: String {
        let inSync = proxies.count { $0.sync == .inSync }
        if proxies.isEmpty { return "no proxy is connected" }
        if inSync < proxies.count { return "only \(inSync) of \(count(proxies.count, "proxy", "proxies")) in sync" }
        return proxies.count == 1 ? "the only proxy is in sync" : "all \(proxies.count) proxies in sync"
    }

    private var enforcement: String {
        guard policies.total > 0 else { return "no policies" }
        let tally = "\(policies.enforced)/\(policies.total) policies enforced"
        return policies.enforced < policies.total ? "only " + tally : tally
    }

    private var faults: [String] {
        var faults: [String] = []
        if bindings > 0 {
            faults.append("\(count(bindings, "binding or route", "bindings or routes")) not enforced yet")
        }
        if absent > 0 { faults.append("\(count(absent, "node")) without a proxy") }
        if !pods.pending.isEmpty { faults.append("\(count(pods.pending.count, "pod")) not enrolled yet") }
        if !pods.leaving.isEmpty { faults.append("\(count(pods.leaving.count, "pod")) about to leave") }
        if problems > 0 { faults.append("\(count(problems, "problem")) in manifests") }
        return faults
    }

    private func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(number) \(number == 1 ? one : many ?? one + "s")"
    }
}
