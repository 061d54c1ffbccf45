import Mesh
import Testing

@testable import ZTunnel

struct InboundDestinationTests {
    private func destination(
        _ authority: String, of name: String = "catalog-v2", in shop: Shop = Shop()
    ) throws(InboundRefusal) -> InboundDestination {
        let entry = shop.entry(name)
        return try InboundDestination(
            authority: ConnectAuthority(authority)!, localIP: entry.workload.addresses[0], workload: entry,
            snapshot: shop.snapshot)
    }

    @Test func `an authority that is the address at which it arrived is taken as it is`() throws {
        #expect(try destination("10.244.2.4:9000").address == SocketAddress("10.244.2.4:9000"))
    }

    @Test(arguments: ["10.244.1.4:8082", "127.0.0.1:8082", "10.96.0.10:80", "[::1]:8082"])
    func `another address is refused with 400`(authority: String) {
        let failure = #expect(throws: InboundRefusal.self) { try destination(authority) }
        #expect(failure?.status == 400)
    }

    @Test func `a service's name leads to this workload's port for it`() throws {
        let found = try destination("catalog.shop.svc.cluster.local:80")
        #expect(found.address == SocketAddress("10.244.2.4:8082"))
        #expect(found.service?.service.key == Shop.catalog)
        var shop = Shop()
        shop.change("catalog-v2") { $0.services = [Shop.catalog: [:]] }
        #expect(try destination("CATALOG.shop.svc.cluster.local:80", in: shop).address.port == 8080)
    }

    @Test(arguments: [
        ("unknown.example:80", InboundRefusal.unknownHostname("unknown.example")),
        ("catalog.shop.svc.cluster.local:81", .unknownPort(81, of: "catalog.shop.svc.cluster.local")),
    ])
    func `an unknown name or port is refused with 503`(authority: String, refusal: InboundRefusal) {
        #expect(throws: refusal) { try destination(authority) }
        #expect(refusal.status == 503)
    }

    @Test func `the name of a service that this workload does not serve is refused`() {
        #expect(throws: InboundRefusal.unknownHostname("catalog.shop.svc.cluster.local")) {
            try destination("catalog.shop.svc.cluster.local:80", of: "cart")
        }
    }

    @Test(arguments: [15001, 15006, 15008] as [UInt16])
    func `our own ports are refused with 503`(port: UInt16) {
        #expect(throws: InboundRefusal.ownPort(port)) { try destination("10.244.2.4:\(port)") }
        #expect(InboundRefusal.ownPort(port).status == 503)
    }

    @Test func `an application tunnel takes any address to its own port`() throws {
        var shop = Shop()
        shop.change("catalog-v2") { $0.applicationTunnel = ApplicationTunnel(tunnelProtocol: .none, port: 15088) }
        #expect(try destination("10.96.0.10:80", in: shop).address == SocketAddress("10.244.2.4:15088"))
        shop.change("catalog-v2") { $0.applicationTunnel = ApplicationTunnel(tunnelProtocol: .proxy, port: 15088) }
        #expect(throws: InboundRefusal.applicationTunnelUnsupported) { try destination("10.96.0.10:80", in: shop) }
    }
}
