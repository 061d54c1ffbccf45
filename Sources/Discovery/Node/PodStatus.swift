import SwiftProtobuf

/// How far a node agent is with a pod: the JSON file `<uid>.json` of its status directory.
package struct PodStatus: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        /// Not captured yet; the message tells what is missing.
        case pending
        /// The node proxy takes tunnels for the pod and what the pod opens; who calls without a tunnel still gets through, for
        /// the moment in which other nodes learn of it.
        case joining
        /// The rules are in force, and the node proxy has taken the pod.
        case enabled
        /// Nothing new is captured; what was goes on until it ends, or a deadline.
        case releasing
        case released
        /// Something is wrong that the message tells; it is tried again.
        case failed
    }

    package var uid: String
    package var state: State
    package var message: String
    /// Of an enabled pod: its connections that are older than the enrolment, and so outside the mesh. Nil when not counted.
    package var olderConnections: UInt32?

    package init(uid: String, state: State, message: String = "", olderConnections: UInt32? = nil) {
        self.uid = uid
        self.state = state
        self.message = message
        self.olderConnections = olderConnections
    }
}

extension PodStatus {
    package init(json: [UInt8]) throws(NodeFileError) {
        let status = try WireNodeStatus(json: json, "a status")
        guard let state = State(rawValue: status.state) else { throw NodeFileError("state \"\(status.state)\"") }
        self.init(
            uid: status.uid, state: state, message: status.message,
            olderConnections: status.hasOlderConnections ? status.olderConnections : nil)
    }

    package var json: [UInt8] {
        let status = WireNodeStatus.with {
            $0.uid = uid
            $0.state = state.rawValue
            $0.message = message
            if let olderConnections { $0.olderConnections = olderConnections }
        }
        return status.json
    }
}
