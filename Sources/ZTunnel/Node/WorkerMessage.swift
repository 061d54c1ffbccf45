package import HBONE
package import Mesh
package import Reactor

/// What the node's control thread tells each worker.
package enum WorkerMessage: Sendable {
    /// From now on this is the mesh; answer with `configured` once open connections have been judged by it.
    case configure(Snapshot, UInt64)
    /// What these identities prove themselves with from now on.
    case credentials([SPIFFEIdentity: Credential])
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
}

/// What a worker tells the control thread.
package enum WorkerReport: Sendable {
    /// Everything here is carried by this configuration.
    case configured(worker: Int, version: UInt64)
    case podAdded(worker: Int, uid: String, failure: String?)
    case podDrained(worker: Int, uid: String)
    case drained(worker: Int)
    case report(worker: Int, id: UInt64, WorkerState)
}
