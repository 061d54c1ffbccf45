package import Discovery
package import Mesh

/// This proxy's side of delta discovery: what it asks for, what it makes of the answers, and when it says that they are in force.
///
/// A pure value: it owns no socket and knows no clock. The caller reports what happened and performs the returned actions in
/// order. Invariants: a response is acknowledged once it is in force, in the order in which responses came; a version is
/// remembered only of what is in force, so that whatever a lost stream left unfinished is sent again.
package struct DiscoveryState {
    /// What a response changes.
    package struct Update: Equatable {
        /// Goes back with `inForce`.
        package let ticket: UInt64
        package let type: ResourceType
        package let resources: [MeshResource]
        package let removed: [String]
        package let rejected: [ConfigurationState.Rejection]
    }

    package enum Action: Equatable {
        case send(DeltaRequest)
        /// Take this over; then call `inForce`.
        case apply(Update)
        /// Read no further until `resume`.
        case pause
        case resume
        /// The stream is of no use; then call `ended`.
        case end(reason: String)
        case connect(afterMilliseconds: UInt64)
    }

    /// Policies first: a workload that names one it does not have refuses.
    private static let types: [ResourceType] = [.authorization, .address]
    private static let backOffMilliseconds: ClosedRange<UInt64> = 10...15_000
    /// A stream that lasted longer is no sign of trouble.
    private static let goodStreamMilliseconds: UInt64 = 15_000
    /// Responses that are not in force yet; more wait in the kernel.
    private static let outstandingMax = 16
    private static let reasonsMax = 32

    private struct Outstanding {
        let ticket: UInt64
        let type: ResourceType
        let nonce: String
        /// Of the stream that it came on: another one knows nothing of it.
        let stream: UInt64
        let versions: [String: String]
        let gone: [String]
        let rejection: DeltaRequest.Rejection?
    }

    private let node: DiscoveryNode
    private var versions: [ResourceType: [String: String]] = [:]
    private var outstanding: [Outstanding] = []
    private var lastTicket: UInt64 = 0
    private var stream: UInt64 = 0
    private var openedMilliseconds: UInt64?
    private var isPaused = false
    private var backOff = backOffMilliseconds.lowerBound
    package private(set) var rejectedCount: UInt64 = 0

    package init(_ node: DiscoveryNode) { self.node = node }

    // MARK: The stream

    package mutating func opened(nowMilliseconds: UInt64) -> [Action] {
        stream += 1
        openedMilliseconds = nowMilliseconds
        isPaused = false
        return Self.types.enumerated().map { index, type in
            var request = DeltaRequest(typeURL: type.rawValue)
            if index == 0 { request.node = node }
            request.initialVersions = versions[type] ?? [:]
            return .send(request)
        }
    }

    /// The stream is over, or could not be opened. What was told stays in force.
    /// - Parameter jitter: 0 to 1, so that proxies do not come back in step.
    package mutating func ended(nowMilliseconds: UInt64, jitter: Double) -> [Action] {
        if let openedMilliseconds, nowMilliseconds - openedMilliseconds >= Self.goodStreamMilliseconds {
            backOff = Self.backOffMilliseconds.lowerBound
        }
        openedMilliseconds = nil
        let delay = backOff + UInt64(Double(backOff) * jitter / 4)
        backOff = min(backOff * 2, Self.backOffMilliseconds.upperBound)
        return [.connect(afterMilliseconds: delay)]
    }

    // MARK: Responses

    package mutating func received(_ message: [UInt8]) -> [Action] {
        let response: DeltaResponse
        do throws(DiscoveryFault) {
            response = try DeltaResponse(decoding: message)
        } catch {
            return [.end(reason: "\(error)")]
        }
        guard let type = ResourceType(rawValue: response.typeURL), Self.types.contains(type) else {
            return [.end(reason: "a response of a type that nobody asked for")]
        }
        guard !response.nonce.isEmpty else { return [.end(reason: "a response without a nonce")] }
        var actions = take(response, type)
        if outstanding.count >= Self.outstandingMax, !isPaused {
            isPaused = true
            actions.append(.pause)
        }
        return actions
    }

    /// Each resource stands for itself: the good ones are taken over, the others named.
    private mutating func take(_ response: DeltaResponse, _ type: ResourceType) -> [Action] {
        var resources: [MeshResource] = []
        var taken: [String: String] = [:]
        var rejected: [(name: String, reason: String)] = []
        var rejections: [ConfigurationState.Rejection] = []
        for resource in response.resources {
            do throws(ResourceFault) {
                resources.append(try resource.decoded(as: type))
                taken[resource.name] = resource.version
            } catch {
                rejected.append((resource.name, "\(error)"))
                rejections.append(resource.rejection(as: type))
            }
        }
        // A version that none has: a control plane that is spoken to anew says whether it is gone or good by now.
        for (name, _) in rejected { taken[name] = "" }
        rejectedCount += UInt64(rejected.count)
        lastTicket += 1
        outstanding.append(
            Outstanding(
                ticket: lastTicket, type: type, nonce: response.nonce, stream: stream, versions: taken,
                gone: response.removed, rejection: Self.rejection(rejected)))
        return [
            .apply(
                Update(
                    ticket: lastTicket, type: type, resources: resources, removed: response.removed,
                    rejected: rejections))
        ]
    }

    private static func rejection(_ rejected: [(name: String, reason: String)]) -> DeltaRequest.Rejection? {
        guard !rejected.isEmpty else { return nil }
        var text = rejected.prefix(reasonsMax).map { "\($0.name): \($0.reason)" }.joined(separator: "; ")
        if rejected.count > reasonsMax { text += "; and \(rejected.count - reasonsMax) more" }
        // gRPC's INVALID_ARGUMENT.
        return DeltaRequest.Rejection(code: 3, message: text)
    }

    /// Every worker carries by this update, and has judged its open connections by it, and by all before it.
    package mutating func inForce(through ticket: UInt64) -> [Action] {
        var actions: [Action] = []
        while let first = outstanding.first, first.ticket <= ticket {
            outstanding.removeFirst()
            for name in first.gone { versions[first.type]?[name] = nil }
            versions[first.type, default: [:]].merge(first.versions) { $1 }
            guard first.stream == stream, openedMilliseconds != nil else { continue }
            var answer = DeltaRequest(typeURL: first.type.rawValue)
            answer.responseNonce = first.nonce
            answer.rejection = first.rejection
            actions.append(.send(answer))
        }
        if isPaused, outstanding.count < Self.outstandingMax / 2 {
            isPaused = false
            actions.append(.resume)
        }
        return actions
    }
}
