import FoundationEssentials
import Mesh
import SwiftProtobuf
import Testing

@testable import Discovery

struct DeltaMessageTests {
    static let node = DiscoveryNode(
        id: "ztunnel~10.0.0.1~z.system~system.svc.cluster.local", cluster: "k",
        metadata: ["A": .string("a"), "N": .number(1.5), "L": .list([.flag(true), .null]), "F": .fields(["x": .null])])

    @Test func `a request is read as it was written`() throws {
        var request = DeltaRequest(typeURL: ResourceType.address.rawValue)
        request.node = Self.node
        request.subscribe = ["*", "/10.0.0.1"]
        request.unsubscribe = ["*"]
        request.initialVersions = ["a": "1", "b": ""]
        request.responseNonce = "n"
        request.rejection = .init(code: 3, message: "a: b")
        #expect(try DeltaRequest(decoding: request.encoded()) == request)
        #expect(try DeltaRequest(decoding: []) == DeltaRequest(typeURL: ""))
    }

    @Test func `a response is read as it was written, whatever its resources hold`() throws {
        var response = DeltaResponse(typeURL: "t", nonce: "n")
        response.systemVersion = "v"
        response.removed = ["gone"]
        response.resources = [.init(name: "a", version: "1", aliases: ["b"], typeURL: "t", body: [0xff, 0])]
        #expect(try DeltaResponse(decoding: response.encoded()) == response)
        #expect(throws: DiscoveryFault.missingField("type_url")) { try DeltaResponse(decoding: []) }
    }

    @Test func `a name that is longer than any, or bytes that are no message, are refused`() {
        var request = DeltaRequest(typeURL: "t")
        request.subscribe = [String(repeating: "a", count: DiscoveryLimits.nameBytes + 1)]
        #expect(throws: DiscoveryFault.outOfBounds(field: "resource_names_subscribe")) {
            try DeltaRequest(decoding: request.encoded())
        }
        #expect(throws: DiscoveryFault.self) { try DeltaRequest(decoding: [0xff]) }
        #expect(throws: DiscoveryFault.self) { try DeltaResponse(decoding: [0x0a, 0xff]) }
    }

    @Test func `a certificate is asked for oneself, or for whom the metadata names`() throws {
        for identity in [nil, "spiffe://td/ns/a/sa/b"] {
            let request = CertificateRequest(csr: "pem", validitySeconds: 86400, impersonatedIdentity: identity)
            #expect(try CertificateRequest(decoding: request.encoded()) == request)
        }
        let response = CertificateResponse(certificateChain: ["a", "b"])
        #expect(try CertificateResponse(decoding: response.encoded()) == response)
        let odd = WireIstioCertificateRequest.with {
            $0.csr = "pem"
            $0.metadata.fields["ImpersonatedIdentity"] = .init(numberValue: 1)
        }
        #expect(throws: DiscoveryFault.self) { try CertificateRequest(decoding: odd.deterministicBytes) }
    }
}

struct ResourceTests {
    @Test func `a version is SipHash-2-4 with 128 bits, as its authors publish it`() {
        // The first of the vectors: no input, key 00…0f.
        let hash = ContentHash([], key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
        #expect(hash.low == 0xe6a8_25ba_047f_81a3 && hash.high == 0x9302_55c7_1472_f66d)
        #expect(ContentHash([]).version.utf8.count == 15 && ContentHash([1]).version != ContentHash([2]).version)
    }

    @Test(arguments: 0..<300)
    func `any resource is read as it was written, and written the same again`(seed: Int) throws {
        var random = DocumentGenerator(seed: UInt64(seed))
        let mesh = MeshConfiguration.arbitrary(using: &random)
        for workload in mesh.workloads {
            try check(.workload(workload), .address)
            try check(.workload(workload), .workload)
        }
        for service in mesh.services { try check(.service(service), .address) }
        for policy in mesh.policies { try check(.policy(policy), .authorization) }
    }

    private func check(_ resource: MeshResource, _ type: ResourceType) throws {
        let sent = DiscoveryResource(resource, as: type)
        var response = DeltaResponse(typeURL: type.rawValue, nonce: "n")
        response.resources = [sent]
        let received = try #require(try DeltaResponse(decoding: response.encoded()).resources.first)
        let read = try received.decoded(as: type)
        #expect(read == resource)
        #expect(DiscoveryResource(read, as: type) == sent)
    }

    /// What makes a policy one that cannot be followed to the letter, and where the fault is.
    private static let faults: [(String, @Sendable (inout WireMatch) -> Void)] = [
        ("principals[0]", { $0.principals = [WireStringMatch()] }),
        ("not_namespaces[1]", { $0.notNamespaces = [.with { $0.exact = "a" }, WireStringMatch()] }),
        (
            "source_ips[0].length",
            {
                $0.sourceIps = [
                    .with {
                        $0.address = .init([10, 0, 0, 0]); $0.length = 33
                    }
                ]
            }
        ),
        ("destination_ips[0].address", { $0.destinationIps = [.with { $0.address = .init([10, 0, 0]) }] }),
        ("destination_ports[0]", { $0.destinationPorts = [65616] }),
        ("not_destination_ports[0]", { $0.notDestinationPorts = [0] }),
        ("service_accounts[0]", { $0.serviceAccounts = [.with { $0.namespace = "a" }] }),
        ("extensions", { $0.extensions = [.with { $0.name = "new" }] }),
    ]

    @Test(arguments: 0..<faults.count)
    func `a policy that cannot be followed is refused by the place of the fault, and its outline is read`(
        index: Int
    ) throws {
        let (field, spoil) = Self.faults[index]
        let wire = WireAuthorization.with {
            $0.name = "p"
            $0.namespace = "shop"
            $0.scope = .namespace
            $0.action = .deny
            $0.rules = [.with { $0.clauses = [.with { $0.matches = [.with { spoil(&$0) }] }] }]
        }
        let resource = DiscoveryResource(
            name: "shop/p", version: "1", typeURL: ResourceType.authorization.rawValue, body: wire.deterministicBytes)
        let fault = #expect(throws: ResourceFault.self) { try resource.decoded(as: .authorization) }
        #expect(fault?.field == "rules[0].clauses[0].matches[0].\(field)")
        #expect(
            resource.rejection(as: .authorization) == .init(name: "shop/p", scope: .namespace, action: .deny))
    }

    @Test func `a condition that is not known yet refuses a policy, and leaves nothing of its outline`() {
        // Field 99 with the value 1, in a match and beside the rest.
        for body: [UInt8] in [[0x98, 0x06, 0x01]] {
            let resource = DiscoveryResource(
                name: "shop/p", version: "1", typeURL: ResourceType.authorization.rawValue,
                body: [0x0a, 0x01, 0x70, 0x12, 0x04, 0x73, 0x68, 0x6f, 0x70] + body)
            #expect(throws: ResourceFault.self) { try resource.decoded(as: .authorization) }
            #expect(resource.rejection(as: .authorization) == .init(name: "shop/p"))
        }
    }

    @Test func `a resource under another's name, or of another type, is refused`() throws {
        let workload = MeshResource.workload(Workload(uid: "u", name: "n", namespace: "shop"))
        var resource = DiscoveryResource(workload, as: .address)
        #expect(throws: ResourceFault.self) { try resource.decoded(as: .workload) }
        resource.name = "v"
        #expect(throws: ResourceFault.self) { try resource.decoded(as: .address) }
    }

    @Test func `a workload or service that says what cannot be is refused`() {
        let workloads: [(String, (inout WireWorkload) -> Void)] = [
            ("uid", { $0.uid = "" }), ("addresses[0]", { $0.addresses = [.init([1])] }),
            ("tunnel_protocol", { $0.tunnelProtocol = .legacyIstioMtls }),
            ("status", { $0.status = .UNRECOGNIZED(7) }), ("waypoint.destination", { $0.waypoint = .init() }),
            ("authorization_policies[0]", { $0.authorizationPolicies = ["no-namespace"] }),
        ]
        for (field, spoil) in workloads {
            let wire = WireWorkload.with {
                $0.uid = "u"
                $0.namespace = "shop"
                spoil(&$0)
            }
            let fault = #expect(throws: ResourceFault.self) {
                try MeshResource(.workload, decoding: wire.deterministicBytes)
            }
            #expect(fault?.field == field)
        }
    }
}
