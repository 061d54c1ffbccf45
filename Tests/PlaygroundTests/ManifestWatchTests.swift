import Controller
import Foundation
import Testing

@testable import Playground

struct ManifestWatchTests {
    private static let bank = "apiVersion: v1\nkind: Namespace\nmetadata: {name: bank}\n"

    private static func pod(_ name: String, _ rest: String = "command: [sleep, \"1\"]", account: String = "default")
        -> String
    {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: bank}
        spec:
          serviceAccountName: \(account)
          containers:
          - name: c
            \(rest)

        """
    }

    /// The user's manifests, those that commands wrote, and those of the controller.
    private final class Folders {
        let root = URL(filePath: NSTemporaryDirectory()).appending(path: "slip-manifests-\(UUID().uuidString)")

        init() throws {
            for name in ["user", "applied", "made"] {
                try FileManager.default.createDirectory(
                    at: root.appending(path: name), withIntermediateDirectories: true)
            }
        }

        deinit { try? FileManager.default.removeItem(at: root) }

        var watch: ManifestWatch {
            let paths = ["user", "applied", "made"].map { root.appending(path: $0).path }
            return ManifestWatch(directories: Array(paths.prefix(2)), madeObjects: paths[2], nodes: ["node-1"])
        }

        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: root.appending(path: name), options: .atomic)
        }
    }

    private func names(_ look: ManifestWatch.Look?) -> [String] { look?.objects.map(\.metadata.name) ?? [] }

    @Test func `a file with a mistake keeps what it held, and is named; what others say is taken`() throws {
        let folders = try Folders()
        try folders.write("user/namespaces.yaml", Self.bank)
        try folders.write("user/one.yaml", Self.pod("one"))
        var watch = folders.watch
        let first = watch.changes()
        #expect(first?.isSound == true && names(first) == ["bank", "one"])
        #expect(watch.changes() == nil)
        try folders.write("user/one.yaml", "kind: [\n")
        try folders.write("user/two.yaml", Self.pod("two"))
        let second = watch.changes()
        #expect(second?.isSound == false && names(second) == ["bank", "one", "two"])
        #expect(second?.diagnostics.first.map { "\($0)".contains("one.yaml:") } == true)
    }

    @Test(arguments: [
        pod("one", "image: debian:12"), pod("one", account: "nobody"),
        pod("one").replacing("spec:", with: "spec:\n  nodeName: node-9"),
    ])
    func `a pod that cannot be run stays what it was, or is not there`(faulty: String) throws {
        let folders = try Folders()
        try folders.write("user/namespaces.yaml", Self.bank)
        try folders.write("user/one.yaml", faulty)
        var watch = folders.watch
        let first = watch.changes()
        #expect(first?.isSound == false && names(first) == ["bank"])
        try folders.write("user/one.yaml", Self.pod("one"))
        let sound = watch.changes()
        #expect(sound?.isSound == true && names(sound) == ["bank", "one"])
        try folders.write("user/one.yaml", faulty)
        let again = watch.changes()
        #expect(again?.isSound == false && again?.objects == sound?.objects)
    }

    @Test func `what the controller makes is there too, and is not the user's doing`() throws {
        let folders = try Folders()
        try folders.write("user/namespaces.yaml", Self.bank)
        var watch = folders.watch
        #expect(watch.changes()?.isByUser == true)
        try folders.write("made/ServiceAccount.bank.waypoint.yaml", Self.account)
        let made = watch.changes()
        #expect(made?.isByUser == false && names(made) == ["bank", "waypoint"])
        #expect(made?.made.map(\.name) == ["waypoint"])
        try folders.write("applied/pod.yaml", Self.pod("one", account: "waypoint"))
        let applied = watch.changes()
        #expect(applied?.isByUser == true && applied?.isSound == true)
    }

    private static let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: waypoint, namespace: bank}\n"
}

struct WorldStateTests {
    private func references(_ user: [KubernetesObject]) -> [String] {
        var addresses = ServiceAddresses()
        return WorldState(user: user, nodes: [], pods: [], addresses: &addresses).own.map { "\($0.reference)" }
    }

    @Test func `the mesh's own namespace and account are there, unless somebody wrote them`() {
        let given = ["Namespace slipstream-system", "ServiceAccount slipstream-system/ztunnel"]
        #expect(references([]) == given)
        let namespace = KubernetesObject.namespace(.init(metadata: .init(name: "slipstream-system")))
        #expect(references([namespace]) == [given[1]])
    }

    @Test func `of what the controller has made, accounts and services are told like any cluster's own`() throws {
        let account = KubernetesObject.serviceAccount(.init(metadata: .init(name: "waypoint", namespace: "bank")))
        let service = KubernetesObject.service(.init(metadata: .init(name: "waypoint", namespace: "bank")))
        var addresses = ServiceAddresses()
        let state = WorldState(
            user: [account, service], made: [account.reference, service.reference], nodes: [], pods: [],
            addresses: &addresses)
        #expect(state.own.contains(account))
        #expect(try #require(state.services.first).clusterIPs.count == 1)
        #expect(!references([account]).contains("\(account.reference)"))
    }
}
