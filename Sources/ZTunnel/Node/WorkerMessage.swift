package import HBONE
package import Mesh
package import Reactor

/// What the node's control thread tells each worker.
package enum WorkerMessage: Sendable {
    /// From now on this is the mesh; answer with `configured` once open connections have been judged by it.
    case configure(Snapshot, UInt64)
    /// What these identities prove themselves with, and hold others to, from now on; answer with `proving` once open tunnels
    /// have been judged by it.
    case credentials([SPIFFEIdentity: Credential], UInt64)
    case addPod(PodIdentity, NetworkNamespace)
    /// Take nothing new for this pod; report `podDrained` when what it has is over, or at the deadline.
    case drainPod(uid: String, deadlineMilliseconds: UInt64)
    /// The same for every pod.
    case drain(deadlineMilliseconds: UInt64)
    /// Whether each connection gets its line in the access log from now on.
    case logAccess(Bool)
    /// Answer with `report`.
    case report(id: UInt64)
    case stop

    /// Whether it makes an earlier one that has not been told yet unnecessary.
    func supersedes(_ earlier: WorkerMessage) -> Bool {
        switch (self, earlier) {
        case (.configure, .configure), (.credentials, .credentials), (.drain, .drain), (.logAccess, .logAccess),
            (.report, .report), (.stop, .stop):
            true
        case (.drainPod(let uid, _), .drainPod(let other, _)): uid == other
        default: false
        }
    }
}

/// What a worker tells the control thread.
package enum WorkerReport: Sendable {
    /// Everything here is carried by this configuration.
    case configured(worker: Int, version: UInt64)
    /// Every new handshake here is made with these credentials.
    case proving(worker: Int, version: UInt64)
    case podAdded(worker: Int, uid: String, failure: String?)
    case podDrained(worker: Int, uid: String)
    case drained(worker: Int)
    case report(worker: Int, id: UInt64, WorkerState)
}
