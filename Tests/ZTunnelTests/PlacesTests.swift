import Testing

@testable import ZTunnel

struct PlacesTests {
    @Test func `a place is free again when whoever held it is gone`() {
        let places = Places(limit: 2)
        var first = places.take()
        let second = places.take()
        #expect(first != nil && second != nil)
        #expect(places.take() == nil)
        first = nil
        #expect(places.taken == 1)
        #expect(places.take() != nil)
        withExtendedLifetime(second) {}
    }

    @Test func `a pod has a third of a worker's descriptors, and never too few to work`() {
        #expect(PodLimits(descriptors: 60_000, workers: 2).connections == 10_000)
        #expect(PodLimits(descriptors: 60_000, workers: 2).plainConnections == 5_000)
        #expect(PodLimits(descriptors: 64, workers: 8).connections == 16)
    }
}
