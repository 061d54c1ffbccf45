package import Mesh
import SwiftProtobuf

/// A pod that a node agent is to enrol: the JSON file `<uid>.json` of its pod directory.
package struct PodRecord: Hashable, Sendable {
    /// A file of this kind takes a few hundred bytes.
    package static let limitBytes = 64 * 1024

    /// The Kubernetes pod UID.
    package var uid: String
    package var name: String
    package var namespace: String
    package var serviceAccount: String
    /// The path of its network namespace, such as `/run/netns/NAME`.
    package var networkNamespacePath: String
    package var ips: [IPAddress]
    /// An ingress gateway: what comes to the pod is not led through the proxy.
    package var bypassesInboundCapture: Bool

    package init(
        uid: String, name: String, namespace: String, serviceAccount: String, networkNamespacePath: String,
        ips: [IPAddress], bypassesInboundCapture: Bool = false
    ) {
        self.uid = uid
        self.name = name
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.networkNamespacePath = networkNamespacePath
        self.ips = ips
        self.bypassesInboundCapture = bypassesInboundCapture
    }

    package var fileName: String { Self.fileName(uid: uid) }

    package static func fileName(uid: String) -> String { "\(uid).json" }
}

/// What is wrong with a file of a node agent's.
package struct NodeFileError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension PodRecord {
    /// Unknown fields, missing fields and values of another form are errors that name the field.
    package init(json: [UInt8]) throws(NodeFileError) {
        let message = try WireNodePod(json: json, "a pod")
        try Self.check(uid: message.uid)
        for (field, value) in [
            ("name", message.name), ("namespace", message.namespace), ("serviceAccount", message.serviceAccount),
        ] where !(1...253).contains(value.utf8.count) {
            throw NodeFileError("\(field) has \(value.utf8.count) bytes, expected 1 to 253")
        }
        guard message.netns.hasPrefix("/") else { throw NodeFileError("netns is not an absolute path") }
        self.init(
            uid: message.uid, name: message.name, namespace: message.namespace, serviceAccount: message.serviceAccount,
            networkNamespacePath: message.netns, ips: try message.ips.map(Self.address),
            bypassesInboundCapture: message.bypassInboundCapture)
    }

    /// UIDs are parts of file names and of ZDS packets.
    private static func check(uid: String) throws(NodeFileError) {
        let isPlain = uid.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
        }
        guard isPlain, (1...128).contains(uid.utf8.count) else {
            throw NodeFileError("uid is not 1 to 128 letters, digits, hyphens and underscores")
        }
    }

    private static func address(_ text: String) throws(NodeFileError) -> IPAddress {
        guard let ip = IPAddress(text) else { throw NodeFileError("ips has \"\(text)\", expected an IP address") }
        return ip
    }

    package var json: [UInt8] {
        let message = WireNodePod.with {
            $0.uid = uid
            $0.name = name
            $0.namespace = namespace
            $0.serviceAccount = serviceAccount
            $0.netns = networkNamespacePath
            $0.ips = ips.map(\.description)
            $0.bypassInboundCapture = bypassesInboundCapture
        }
        return message.json
    }
}

extension Message {
    init(json: [UInt8], _ what: String) throws(NodeFileError) {
        do {
            try self.init(jsonUTF8Bytes: json)
        } catch {
            throw NodeFileError("not \(what) in JSON: \(error)")
        }
    }

    /// None of our messages has a field that cannot be written as JSON.
    var json: [UInt8] {
        guard let bytes: [UInt8] = try? jsonUTF8Bytes() else { preconditionFailure("\(Self.self) as JSON") }
        return bytes
    }
}
