package import Discovery
import Mesh

/// Who may hold certificates, who is connected, and what each says of the roots that it goes by. Pure.
package struct TrustRegister: Sendable {
    /// The end of the last certificate of each, in seconds since 1970.
    package private(set) var holders: [String: Int64] = [:]
    package private(set) var reports: [String: TrustReport] = [:]
    /// Streams of node proxies: these tell of tunnels, which may outlive certificates.
    private var streams: [String: Int] = [:]

    package init(holders: [String: Int64] = [:]) { self.holders = holders }

    package mutating func issued(to holder: String, until end: Int64) {
        holders[holder] = max(holders[holder] ?? .min, end)
    }

    package mutating func opened(_ holder: String) { streams[holder, default: 0] += 1 }

    package mutating func closed(_ holder: String) {
        streams[holder, default: 1] -= 1
        if streams[holder] == 0 { streams[holder] = nil }
    }

    package mutating func reported(_ report: TrustReport, by holder: String) { reports[holder] = report }

    package var connected: Set<String> { Set(streams.keys) }

    package func isConnected(_ holder: String) -> Bool { streams[holder] != nil }

    /// Of those who are gone and have nothing valid, nothing is to be known.
    package mutating func forgetEnded(now: Int64) {
        holders = holders.filter { $0.value > now || isConnected($0.key) }
        reports = reports.filter { holders[$0.key] != nil || isConnected($0.key) }
    }
}
