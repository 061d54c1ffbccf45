/// Of every program of Slipstream.
package enum Version {
    package static let current = "0.1.0"
}
