import Controller
import Synchronization

/// What the controller counts. Any thread may count.
package final class ControllerMetrics: Sendable {
    struct Values {
        var pushes: [String: UInt64] = [:]
        var pushedResources: [String: UInt64] = [:]
        var rejections: UInt64 = 0
        var streams = 0
        var initialPushesWaiting = 0
        var worldVersion: UInt64 = 0
        var resources: [String: Int] = [:]
        var issued: UInt64 = 0
        var refusals: [String: UInt64] = [:]
        var tokenRefusals: [String: UInt64] = [:]
        var behind = 0
        var inFlight = 0
        /// Connected ones, by role.
        var proxies: [String: Int] = [:]
        var pushTimes = Histogram()
        var acknowledgementTimes = Histogram()
        var convergenceTimes = Histogram()
    }

    private let values = Mutex(Values())

    package init() {}

    var snapshot: Values { values.withLock { $0 } }

    func count(_ push: Push) {
        values.withLock {
            $0.pushes[push.type.shortName, default: 0] += 1
            $0.pushedResources[push.type.shortName, default: 0] += UInt64(push.upserts.count + push.removals.count)
        }
    }

    func countRejection() { values.withLock { $0.rejections += 1 } }
    func countIssued() { values.withLock { $0.issued += 1 } }
    func count(_ refusal: IssuanceRefusal) { values.withLock { $0.refusals[refusal.rawValue, default: 0] += 1 } }
    func count(_ refusal: TokenRefusal) { values.withLock { $0.tokenRefusals[refusal.rawValue, default: 0] += 1 } }
    func record(streams: Int) { values.withLock { $0.streams = streams } }
    func recordPush(_ duration: Duration) { values.withLock { $0.pushTimes.record(duration) } }
    func recordAcknowledgement(_ duration: Duration) {
        values.withLock { $0.acknowledgementTimes.record(duration) }
    }
    func recordConvergence(_ duration: Duration) { values.withLock { $0.convergenceTimes.record(duration) } }

    func record(
        initialPushesWaiting: Int, behind: Int, inFlight: Int, proxies: some Collection<ProxyState>
    ) {
        let connected = Dictionary(grouping: proxies.filter(\.isConnected), by: \.roleName).mapValues(\.count)
        values.withLock {
            $0.initialPushesWaiting = initialPushesWaiting
            $0.behind = behind
            $0.inFlight = inFlight
            $0.proxies = connected
        }
    }

    func record(world: PublishedWorld) {
        values.withLock {
            $0.worldVersion = world.version.number
            $0.resources = [
                "address": world.addresses.resources.count, "authorization": world.authorizations.resources.count,
            ]
        }
    }
}

extension ProxyState {
    fileprivate var roleName: String {
        switch role {
        case .ztunnel: "ztunnel"
        case .waypoint: "waypoint"
        }
    }
}
