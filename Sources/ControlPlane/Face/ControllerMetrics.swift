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
    func record(initialPushesWaiting count: Int) { values.withLock { $0.initialPushesWaiting = count } }

    func record(world: PublishedWorld) {
        values.withLock {
            $0.worldVersion = world.version.number
            $0.resources = [
                "address": world.addresses.resources.count, "authorization": world.authorizations.resources.count,
            ]
        }
    }
}
