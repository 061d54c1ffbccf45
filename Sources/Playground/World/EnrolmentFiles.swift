import Controller
import Foundation
import Mesh

/// The playground's side of its dialogue with a node's agent: a file for each pod to enrol, and the agent's answer.
struct EnrolmentFiles {
    /// What the agent says of a pod.
    struct Answer: Hashable, Decodable {
        enum State: String, Hashable, Decodable { case pending, joining, enabled, releasing, released, failed }

        var uid: String
        var state: State
        var message: String?
        var olderConnections: Int?
    }

    private struct Request: Encodable {
        var uid: String
        var name: String
        var namespace: String
        var serviceAccount: String
        var netns: String
        var ips: [String]
        var bypassInboundCapture: Bool
    }

    private let requests: String
    private let answers: String

    init(layout: Layout, node: String) {
        requests = layout.podFiles(ofNode: node)
        answers = layout.podStatuses(ofNode: node)
    }

    func request(_ pod: Kubernetes.Pod, namespacePath: String) throws {
        let request = Request(
            uid: pod.metadata.uid, name: pod.metadata.name, namespace: pod.metadata.namespace,
            serviceAccount: pod.spec.serviceAccountName, netns: namespacePath,
            ips: pod.status.podIPs.map(\.description), bypassInboundCapture: Enrolment.bypassesInboundCapture(pod))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(request).write(to: path(requests, pod.metadata.uid), options: .atomic)
    }

    func withdraw(_ uid: String) { try? FileManager.default.removeItem(at: path(requests, uid)) }

    /// Nil when the agent has said nothing, or has forgotten the pod.
    func answer(_ uid: String) -> Answer? {
        guard let data = try? Data(contentsOf: path(answers, uid)),
            let answer = try? JSONDecoder().decode(Answer.self, from: data), answer.uid == uid
        else { return nil }
        return answer
    }

    private func path(_ folder: String, _ uid: String) -> URL { URL(filePath: "\(folder)/\(uid).json") }
}
