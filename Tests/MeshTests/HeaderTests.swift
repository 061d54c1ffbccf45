import Mesh
import Testing

struct ConnectAuthorityTests {
    @Test(arguments: [
        ("10.0.0.1:8080", ConnectAuthority.address(SocketAddress("10.0.0.1:8080")!)),
        ("[fd00::1]:1", .address(SocketAddress("[fd00::1]:1")!)),
        ("catalog.shop.svc.cluster.local:80", .hostname("catalog.shop.svc.cluster.local", port: 80)),
        ("Catalog_2.SHOP:65535", .hostname("catalog_2.shop", port: 65535)), ("a:1", .hostname("a", port: 1)),
    ])
    func `an authority is read and printed`(text: String, authority: ConnectAuthority) {
        #expect(ConnectAuthority(text) == authority)
        #expect(ConnectAuthority(authority.description) == authority)
    }

    @Test(arguments: [
        "", ":", ":80", "a", "a:", "a:0", "10.0.0.1:0", "a:65536", "a:+1", "a: 80", "a:80 ", " a:80", "a b:80",
        "user@a:80", "a..b:80", ".a:80", "a.:80", "10.0.0:80", "10.0.0.256:80", "1.2.3.4.5:80", "0x7f.1:80",
        "fd00::1:80", "[fd00::1]", "[a]:80", "[10.0.0.1]:80", "a/b:80", "a:80:80", "http://a:80", "ä:80", "a\u{0}:80",
        "a\r\nb:80", "%61:80", "a,b:80", String(repeating: "a", count: 64) + ":80",
        String(repeating: "a.", count: 126) + "ab:80",
    ])
    func `what is not an authority is refused`(text: String) {
        #expect(ConnectAuthority(text) == nil)
    }

    @Test func `the longest name is taken`() {
        let name = [63, 63, 63, 61].map { String(repeating: "a", count: $0) }.joined(separator: ".")
        #expect(ConnectAuthority(name + ":65535") == .hostname(name, port: 65535))
    }
}

struct BaggageTests {
    private var workload: Workload {
        var workload = Workload(uid: "u", name: "cart-1", namespace: "shop")
        workload.workloadName = "cart"
        workload.workloadType = .deployment
        workload.canonicalName = "cart"
        workload.canonicalRevision = "v1"
        workload.locality = Locality(region: "r", zone: "z")
        return workload
    }

    @Test func `a workload is told in the order of the keys`() {
        #expect(
            Baggage(of: workload).header == "k8s.cluster.name=Kubernetes,k8s.namespace.name=shop,"
                + "k8s.deployment.name=cart,service.name=cart,service.version=v1,cloud.region=r,cloud.availability_zone=z"
        )
    }

    @Test func `what is told is read back`() {
        #expect(Baggage(Baggage(of: workload).header) == Baggage(of: workload))
        #expect(Baggage("").header == "")
    }

    @Test func `values that are missing are left out`() {
        #expect(
            Baggage(of: Workload(uid: "u", name: "n", namespace: "s")).header
                == "k8s.cluster.name=Kubernetes,k8s.namespace.name=s")
        #expect(Baggage("service.name=,service.version=v").header == "service.version=v")
    }

    @Test func `several lines add up, and blanks and properties are passed over`() {
        var baggage = Baggage(" service.name = cart ; p=1 ,x=y")
        baggage.add("k8s.job.name=j")
        #expect(baggage.header == "k8s.job.name=j,service.name=cart")
    }

    @Test(arguments: [
        "=", ",", ",,,,", "=,=", "service.name", "service.name=a\u{0}b", "service.name=a\nb", "service.name=ä",
        "service.name=" + String(repeating: "a", count: 254),
        String(repeating: "a=b,", count: 33) + "service.name=cart",
        String(repeating: "x", count: 4090) + ",service.name=cart", "service.name=;a",
    ])
    func `what is malformed says nothing`(line: String) {
        #expect(Baggage(line) == Baggage())
    }

    @Test func `a value that a header cannot carry is not sent`() {
        var baggage = Baggage()
        baggage.service = "a,b=c"
        baggage.version = "v\r\nx: y"
        baggage.region = "r"
        #expect(baggage.header == "cloud.region=r")
    }
}

struct ForwardedHeaderTests {
    @Test(arguments: [
        (ForwardedHeader(client: SocketAddress("10.0.0.1:80"), host: "a.b"), #"for="10.0.0.1:80";host=a.b"#),
        (ForwardedHeader(client: SocketAddress("[fd00::1]:80")), #"for="[fd00::1]:80""#),
        (ForwardedHeader(host: #"a"b\"#), #"host="a\"b\\""#), (ForwardedHeader(), ""),
        (
            ForwardedHeader(
                client: SocketAddress("10.0.0.1:80"), host: "a.b",
                identity: SPIFFEIdentity("spiffe://td/ns/shop/sa/web")
            ), #"for="10.0.0.1:80";host=a.b;identity="spiffe://td/ns/shop/sa/web""#
        ),
    ])
    func `it is printed, and read back`(header: ForwardedHeader, text: String) {
        #expect(header.description == text)
        #expect(text.isEmpty || ForwardedHeader(text) == header)
    }

    @Test(
        arguments: [
            ("FOR=\"10.0.0.1:80\" ; Host=a, for=\"10.0.0.2:80\"", "10.0.0.1:80", "a"),
            ("by=x;proto=http;host=a;host=b", nil, "a"), ("for=_hidden;host=a", nil, "a"), ("for=unknown", nil, nil),
            ("for=10.0.0.1", nil, nil), (#"for="\1\0.0.0.1:80""#, "10.0.0.1:80", nil), (#"host="""#, nil, nil),
            ("host=\"a\tb\"", nil, nil),
        ] as [(String, String?, String?)])
    func `the first element counts`(text: String, client: String?, host: String?) throws {
        let header = try #require(ForwardedHeader(text))
        #expect(header.client?.description == client)
        #expect(header.host == host)
    }

    @Test(arguments: [
        "", ";", "=", "for", "for=", "for=\"", "for=\"a", "for=\"a\\", "for=a;", "for=a b", "for=a=b", "for=\"a\"b",
        "host=ä", "host=\"a\u{0}\"", "host=\"ä\"", "for=a;;host=b", "host=[::1]", String(repeating: "a", count: 1025),
    ])
    func `what is malformed is refused`(text: String) {
        #expect(ForwardedHeader(text) == nil)
    }

    @Test func `a host that a header cannot carry is not sent`() {
        #expect(ForwardedHeader(host: "a\r\nb").description == "")
    }
}
