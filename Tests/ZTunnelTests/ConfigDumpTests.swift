import Foundation
import HBONE
import Mesh
import Testing

@testable import ZTunnel

struct ConfigDumpTests {
    private func object(_ dump: ConfigDump) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(dump.json)) as? [String: Any])
    }

    @Test func `an empty proxy has empty lists`() throws {
        let dump = try object(ConfigDump())
        for list in ["workloads", "services", "policies", "certificates"] {
            #expect((dump[list] as? [Any])?.isEmpty == true)
        }
        for map in ["stagedServices", "staticConfig", "workloadState"] {
            #expect((dump[map] as? [String: Any])?.isEmpty == true)
        }
    }

    @Test func `policies are told as they would be read`() throws {
        var match = AuthorizationPolicy.Match()
        match.principals = [.exact("a"), .prefix("b"), .suffix("c"), .presence]
        match.serviceAccounts = [NamespacedName("shop/cart")!]
        match.notSourceIPs = [IPPrefix("10.0.0.0/8")!]
        match.destinationPorts = [80]
        let policy = AuthorizationPolicy(
            name: "p", namespace: "shop", scope: .workloadSelector, action: .deny,
            rules: [.init(clauses: [.init(matches: [match]), .init(matches: [])])])
        var dump = ConfigDump()
        dump.snapshot = Snapshot(MeshConfiguration(policies: [policy]))
        let told = String(decoding: dump.json, as: UTF8.self)
        #expect(
            told.contains(
                #""policies":[{"name":"p","namespace":"shop","scope":"WorkloadSelector","action":"Deny","dryRun":false,"#
                    + #""rules":[[[{"serviceAccounts":[{"namespace":"shop","serviceAccount":"cart"}],"#
                    + #""principals":[{"Exact":"a"},{"Prefix":"b"},{"Suffix":"c"},{"Presence":[]}],"#
                    + #""notSourceIps":["10.0.0.0/8"],"destinationPorts":[80]}],[]]]}]"#))
    }

    @Test func `certificates are told without their keys`() throws {
        var dump = ConfigDump()
        dump.certificates = [
            Credential(
                identity: Shop.identity("cart"), chain: [[1, 2, 3]], privateKey: Array("secret".utf8),
                roots: TrustAnchors(certificates: [[4]]), notBefore: 0, notAfter: 86_400, serialNumber: "7f",
                root: Fingerprint(Array(repeating: 0, count: Fingerprint.length))!)
        ]
        let certificate = try #require((try object(dump)["certificates"] as? [[String: Any]])?.first)
        #expect(certificate["identity"] as? String == "spiffe://cluster.local/ns/shop/sa/cart")
        let leaf = try #require((certificate["certChain"] as? [[String: Any]])?.first)
        #expect(leaf["validFrom"] as? String == "1970-01-01T00:00:00Z")
        #expect(leaf["expirationTime"] as? String == "1970-01-02T00:00:00Z" && leaf["serialNumber"] as? String == "7f")
        let encoded = try #require(leaf["pem"] as? String)
        let pem = try #require(Data(base64Encoded: encoded))
        #expect(
            String(decoding: pem, as: UTF8.self) == "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n")
        let text = String(decoding: dump.json, as: UTF8.self)
        #expect(!text.contains("secret") && !text.contains(Array("secret".utf8).base64))
    }

    @Test func `a pod is up once every worker serves it, and its connections are told`() throws {
        let pod = PodIdentity(uid: "u", name: "cart", namespace: "shop", serviceAccount: "cart")
        let connection = OpenConnection(
            direction: .inbound, source: SocketAddress("10.0.0.1:1")!,
            originalDestination: SocketAddress("10.0.0.2:15008")!,
            actualDestination: SocketAddress("10.0.0.2:80")!, isTunnelled: true)
        var dump = ConfigDump()
        dump.pods = [pod]
        dump.workers = [
            WorkerState(metrics: TrafficMetrics(), connections: ["u": [connection]], sockets: OpenSockets())
        ]
        let state = try #require((try object(dump)["workloadState"] as? [String: Any])?["u"] as? [String: Any])
        #expect(state["state"] as? String == "Up")
        let inbound = (state["connections"] as? [String: Any])?["inbound"] as? [[String: String]]
        #expect(
            inbound == [
                ["src": "10.0.0.1:1", "originalDst": "10.0.0.2:15008", "actualDst": "10.0.0.2:80", "protocol": "HBONE"]
            ])
        dump.workers.append(WorkerState(metrics: TrafficMetrics(), connections: [:], sockets: OpenSockets()))
        let pending = try #require((try object(dump)["workloadState"] as? [String: Any])?["u"] as? [String: Any])
        #expect(pending["state"] as? String == "Pending")
    }

    @Test(arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar"])
    func `base64 is as others read it`(text: String) {
        #expect(Array(text.utf8).base64 == Data(text.utf8).base64EncodedString())
    }
}
