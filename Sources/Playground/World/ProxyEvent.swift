import Foundation

/// A line of ztunnel's log that is about the proxy itself.
struct ProxyEvent: Decodable {
    var time: String
    var scope: String
    var message: String

    init?(line: some Sequence<UInt8>) {
        guard let event = try? JSONDecoder().decode(Self.self, from: Data(line)) else { return nil }
        self = event
    }

    /// The configuration's file was read, and what it says is in force.
    var isConfigurationRead: Bool { scope == "configuration" && message == "read" }
}
