import Mesh
import Testing

/// What peers write, changed at random: nothing may trap, and what is read is printed so that it is read again.
struct HostileTextTests {
    private static let seeds: [String] = [
        "10.244.1.2:8080", "[fd00:0:0:1::2]:15008", "catalog.shop.svc.cluster.local:80", "::ffff:1.2.3.4",
        "spiffe://cluster.local/ns/shop/sa/cart", "for=\"10.0.0.1:80\";host=a.b, for=x",
        "k8s.cluster.name=c,k8s.namespace.name=shop,k8s.deployment.name=cart;p=1, service.name = cart",
        "10.0.0.0/8", "shop/catalog.shop.svc.cluster.local", "/10.96.0.1",
    ]
    /// Separators, digits, and what makes trouble: a combining mark, a wide character, a zero, line ends.
    private static let pieces = [
        ":", ".", "/", "[", "]", "=", ",", ";", "\"", "\\", " ", "\t", "0", "9", "255", "256", "65536", "a", "Z", "%",
        "\u{301}", "😀", "\u{0}", "\r\n", "::", "ns", "sa", "spiffe://",
    ]

    private func text(_ random: inout SeededRandom) -> String {
        var scalars = Array(Self.seeds.randomElement(using: &random)!.unicodeScalars)
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let place = Int.random(in: 0...scalars.count, using: &random)
            switch Int.random(in: 0...2, using: &random) {
            case 0: scalars.insert(contentsOf: Self.pieces.randomElement(using: &random)!.unicodeScalars, at: place)
            case 1 where place < scalars.count: scalars.remove(at: place)
            default: scalars.removeSubrange(place..<min(place + 3, scalars.count))
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private func readsAgain<Value: LosslessStringConvertible & Equatable>(_ type: Value.Type, _ text: String) -> Bool {
        guard let value = Value(text) else { return true }
        return Value(value.description) == value
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `changed text is refused, or read and printed alike`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let text = text(&random)
            #expect(readsAgain(IPAddress.self, text), "\(text.debugDescription)")
            #expect(readsAgain(IPPrefix.self, text), "\(text.debugDescription)")
            #expect(readsAgain(SocketAddress.self, text), "\(text.debugDescription)")
            #expect(readsAgain(NetworkAddress.self, text), "\(text.debugDescription)")
            #expect(readsAgain(NamespacedName.self, text), "\(text.debugDescription)")
            #expect(readsAgain(SPIFFEIdentity.self, text), "\(text.debugDescription)")
            #expect(readsAgain(ConnectAuthority.self, text), "\(text.debugDescription)")
            let baggage = Baggage(text)
            #expect(Baggage(baggage.header) == baggage, "\(text.debugDescription)")
            if let forwarded = ForwardedHeader(text), forwarded != ForwardedHeader() {
                #expect(ForwardedHeader(forwarded.description) == forwarded, "\(text.debugDescription)")
            }
        }
    }

    @Test(arguments: [
        "10.0.0.1:8\u{301}0", "10.0.0.1:\u{301}80", "\u{301}10.0.0.1:80", "10.0.0.1\u{301}:80", "a\u{301}:80",
    ])
    func `a mark that joins a separator does not hide it`(text: String) {
        #expect(SocketAddress(text) == nil && ConnectAuthority(text) == nil)
    }
}
