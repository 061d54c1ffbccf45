import Mesh
import Testing

struct IPAddressTests {
    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("::", "::"), ("fd00:0:0:1::2", "fd00:0:0:1::2"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("::ffff:1.2.3.4", "1.2.3.4"), ("1::", "1::"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    ])
    func `an address is read and printed in its canonical form`(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
        #expect(IPAddress(text).flatMap { IPAddress(bytes: $0.bytes) } == IPAddress(text))
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.-4", "+1.2.3.4", "1.2.3.4 ", ":::", "1::2::3",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "12345::", "g::", "fe80::1%eth0", "[::1]", "::1.2.3",
        "1.2.3.4::", "::1.2.3.4:5", ":1", "1:",
    ])
    func `what is not an address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("10.1.2.3/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "1.2.3.4", true),
        ("0.0.0.0/0", "::1", false), ("fd00::/8", "fdff::1", true), ("::/0", "fdff::1", true),
        ("fd00::1/128", "fd00::2", false),
        ("fd00:0:0:1::/64", "fd00:0:0:1:ffff::", true), ("fd00:0:0:1::/65", "fd00:0:0:1:ffff::", false),
    ])
    func `a prefix holds the addresses that share its bits`(prefix: String, address: String, isInside: Bool) throws {
        #expect(try #require(IPPrefix(prefix)).contains(try #require(IPAddress(address))) == isInside)
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "/8", "fd00::/129", "10.0.0.0/8/8", "10.0.0.0/+8"])
    func `a prefix longer than its address is refused`(text: String) {
        #expect(IPPrefix(text) == nil)
    }

    @Test(arguments: [("1.2.3.4:80", "1.2.3.4:80"), ("[::1]:65535", "[::1]:65535"), ("1.2.3.4:0", "1.2.3.4:0")])
    func `a socket address is read and printed`(text: String, printed: String) {
        #expect(SocketAddress(text)?.description == printed)
    }

    @Test(arguments: [
        "1.2.3.4", "::1:80", "[1.2.3.4]:80", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:+1", "[::1]", "[::1]80", ":80",
    ])
    func `what is not a socket address is refused`(text: String) {
        #expect(SocketAddress(text) == nil)
    }
}

struct SPIFFEIdentityTests {
    @Test func `an identity is read and printed`() throws {
        let identity = try #require(SPIFFEIdentity("spiffe://cluster.local/ns/shop/sa/cart"))
        #expect(identity == SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "cart"))
        #expect(identity.description == "spiffe://cluster.local/ns/shop/sa/cart")
        #expect(identity.principal == "cluster.local/ns/shop/sa/cart")
    }

    @Test(arguments: [
        "", "spiffe://", "http://a/ns/b/sa/c", "spiffe://a/ns/b/sa", "spiffe://a/ns/b/sa/c/d", "spiffe://a/ns//sa/c",
        "spiffe:///ns/b/sa/c", "spiffe://A/ns/b/sa/c", "spiffe://a/ns/b/sa/..", "spiffe://a/sa/b/ns/c",
        "spiffe://a/ns/b%2f/sa/c", "SPIFFE://a/ns/b/sa/c", "spiffe://a/ns/b/sa/c\u{0}",
    ])
    func `any other shape is no identity`(text: String) {
        #expect(SPIFFEIdentity(text) == nil)
    }
}
