import Mesh

/// Where a world keeps its files, and what its namespaces are called. Everything a world leaves on the machine is found
/// again by these names.
struct Layout: Hashable, Sendable {
    /// The playground's own: one world per machine.
    static let standard = Layout(root: "/run/slipstream/playground", prefix: "slip-")

    let root: String
    let prefix: String

    init(root: String, prefix: String) {
        self.root = root
        self.prefix = prefix
    }

    // MARK: Files

    var lock: String { "\(root)/lock" }
    var journal: String { "\(root)/journal" }
    var socket: String { "\(root)/playground.sock" }
    /// What a world in the background says, and what it complains of.
    var log: String { "\(root)/playground.log" }
    var errorLog: String { "\(root)/playground.errors" }
    /// Of the mesh's authority.
    var authority: String { "\(root)/ca" }
    /// What service-account tokens are verified with.
    var tokenKeys: String { "\(root)/token-keys.pem" }
    /// Where the controller answers questions.
    var controllerSocket: String { "\(root)/controller.sock" }
    var controllerLog: String { "\(root)/controller.log" }
    /// Manifests that commands write, a layer over the user's own.
    var applied: String { "\(root)/applied" }
    /// Pods, Nodes, EndpointSlices and the services' addresses, as manifests.
    var state: String { "\(root)/state" }
    /// What the controller writes.
    var controllerOutput: String { "\(state)/out" }
    /// The objects that it has made, as manifests.
    var madeObjects: String { "\(controllerOutput)/objects" }
    var podLogs: String { "\(root)/logs" }
    var captures: String { "\(root)/captures" }

    /// A pod has the machine's file system; what is mounted into it lies here, under the path that it is mounted at.
    func files(ofPod pod: NamespacedName) -> String { "\(root)/pods/\(pod.namespace)_\(pod.name)" }

    /// Of a proxy, which finds it where Istio's proxies do.
    func token(ofPod pod: NamespacedName) -> String { files(ofPod: pod) + Self.tokenPath }

    static let tokenPath = "/var/run/secrets/tokens/istio-token"

    func directory(ofNode node: String) -> String { "\(root)/nodes/\(node)" }
    func podFiles(ofNode node: String) -> String { "\(directory(ofNode: node))/pods" }
    func podStatuses(ofNode node: String) -> String { "\(directory(ofNode: node))/status" }
    func zdsSocket(ofNode node: String) -> String { "\(directory(ofNode: node))/zds.sock" }
    func log(of program: String, onNode node: String) -> String { "\(directory(ofNode: node))/\(program).log" }
    func serviceRules(ofNode node: String) -> String { "\(directory(ofNode: node))/services.nft" }

    func log(ofContainer container: String, pod: NamespacedName) -> String {
        "\(podLogs)/\(pod.namespace)_\(pod.name)_\(container).log"
    }

    // MARK: Namespaces

    /// The wire between the nodes.
    var linkNamespace: String { "\(prefix)link" }
    func namespace(ofNode node: String) -> String { prefix + node }
    func namespace(ofPod uid: String) -> String { prefix + Self.short(uid) }

    /// What tells pods apart in ten characters, so that a link may be called after it (15 at most, IFNAMSIZ).
    static func short(_ uid: String) -> String { StableHash(uid).text(10) }

    /// Whether a namespace of this name can only be ours.
    func owns(namespace name: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        let rest = name.dropFirst(prefix.count)
        if rest == "link" { return true }
        if rest.hasPrefix("node-") {
            return Int(rest.dropFirst(5)).map { (1...AddressPlan.nodeLimit).contains($0) } ?? false
        }
        return rest.count == 10 && rest.allSatisfy(StableHash.alphabet.contains)
    }

    static let namespaces = "/run/netns"
    /// What `ip netns exec` puts in place of files in `/etc` (ip-netns(8)).
    static let namespaceFiles = "/etc/netns"
}
