import SwiftProtobuf

/// What a pod is called; travels beside its network namespace.
package struct ZDSPod: Hashable, Sendable {
    package let name: String
    package let namespace: String
    package let serviceAccount: String

    package init(name: String, namespace: String, serviceAccount: String) {
        self.name = name
        self.namespace = namespace
        self.serviceAccount = serviceAccount
    }
}

/// What a node agent asks of a node proxy. Each is answered by one `ZDSResponse`. `uid` is the Kubernetes pod UID.
package enum ZDSRequest: Hashable, Sendable {
    /// Serve this pod. The packet carries the descriptor of its network namespace.
    case add(uid: String, ZDSPod)
    /// Go on serving this pod, whose namespace cannot be passed again; before `snapshotSent` only.
    case keep(uid: String)
    /// Drain this pod's connections and forget it.
    case del(uid: String)
    /// All pods of the node have been named; what was not named is gone.
    case snapshotSent

    /// Reads one packet. Fields that are not known are ignored.
    package init(decoding packet: [UInt8]) throws(ZDSError) {
        let message = try WireWorkloadRequest(packet: packet)
        switch message.payload {
        case .add(let add):
            guard add.hasWorkloadInfo else { throw .missingField("add.workload_info") }
            let info = add.workloadInfo
            let pod = ZDSPod(name: info.name, namespace: info.namespace, serviceAccount: info.serviceAccount)
            self = .add(uid: try Self.checked(uid: add.uid, in: "add.uid"), pod)
        case .keep(let keep): self = .keep(uid: try Self.checked(uid: keep.uid, in: "keep.uid"))
        case .del(let del): self = .del(uid: try Self.checked(uid: del.uid, in: "del.uid"))
        case .snapshotSent: self = .snapshotSent
        case nil: throw .missingField("payload")
        }
    }

    private static func checked(uid: String, in field: String) throws(ZDSError) -> String {
        guard !uid.isEmpty else { throw .missingField(field) }
        return uid
    }

    /// One packet; fails when names are too long for it.
    package func encoded() throws(ZDSError) -> [UInt8] {
        try message.packet()
    }

    /// Whether the packet of this request must carry exactly one descriptor; all others must carry none.
    package var carriesNamespace: Bool {
        if case .add = self { true } else { false }
    }

    private var message: WireWorkloadRequest {
        switch self {
        case .add(let uid, let pod):
            .with {
                $0.add.uid = uid
                $0.add.workloadInfo = .with {
                    $0.name = pod.name
                    $0.namespace = pod.namespace
                    $0.serviceAccount = pod.serviceAccount
                }
            }
        case .keep(let uid): .with { $0.keep.uid = uid }
        case .del(let uid): .with { $0.del.uid = uid }
        case .snapshotSent: .with { $0.snapshotSent = WireSnapshotSent() }
        }
    }
}
