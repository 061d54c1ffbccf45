import Controller

/// A namespace, for people. Pure.
struct NamespaceText {
    let namespace: NamespaceDescription

    var text: String {
        var fields = FieldList()
        fields.add("Namespace", namespace.name)
        fields.add("Label", namespace.dataplaneMode.isEmpty ? "no istio.io/dataplane-mode" : label)
        fields.add("In the mesh", "\(namespace.enrolledCount) of \(namespace.pods.count) pods")
        fields.add("Callers", namespace.authentication.lines)
        fields.add("Services", namespace.services.joined(separator: ", "))
        fields.add("Waypoint", namespace.waypoint?.lines ?? ["none"])
        if let enforcement = namespace.enforcement { fields.add("Enforced", enforcement.sentence) }
        return [fields.text, pods, policies].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var label: String { "istio.io/dataplane-mode=\(namespace.dataplaneMode)" }

    private var pods: String {
        guard !namespace.pods.isEmpty else { return "" }
        var table = TextTable(titles: ["POD", "IN THE MESH", "WHY"])
        table.rows = namespace.pods.map {
            [$0.name, $0.enrolment.word, ([$0.enrolment.reason] + $0.enrolment.obstacles).joined(separator: "; ")]
        }
        return table.text
    }

    private var policies: String {
        namespace.policies.isEmpty ? "" : PolicyText.table(namespace.policies, isNamespaced: false)
    }
}
