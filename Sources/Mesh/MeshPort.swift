/// The ports of the mesh's own, which no connection may be carried to.
package enum MeshPort {
    package static let outbound: UInt16 = 15001
    package static let inboundPlaintext: UInt16 = 15006
    package static let inboundHBONE: UInt16 = 15008
    package static let dns: UInt16 = 15053
    package static let admin: UInt16 = 15000
    package static let metrics: UInt16 = 15020
    package static let readiness: UInt16 = 15021

    /// Whether a tunnel to this port of a pod would enter the node proxy again.
    package static func isCapture(_ port: UInt16) -> Bool {
        port == outbound || port == inboundPlaintext || port == inboundHBONE
    }
}
