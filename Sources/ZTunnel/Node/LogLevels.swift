package import Reactor
/// What is logged (`RUST_LOG`): a level, and with `access=off` no line per connection.
package struct LogLevels: Hashable, Sendable {
    package var level = LogLine.Level.info
    package var isAccessLogged = true

    package init() {}

    init(_ given: EnvironmentReader) throws(ConfigurationError) {
        if let text = given.text("RUST_LOG") { try change(text) }
    }

    /// Takes comma-separated directives `LEVEL` or `TARGET=LEVEL`. Targets that we do not have are passed over: they may have
    /// been written for another ztunnel.
    mutating func change(_ text: String) throws(ConfigurationError) {
        for directive in text.split(separator: ",") {
            let parts = directive.split(separator: "=", maxSplits: 1)
            guard let word = parts.last?.lowercased(), word == "off" || LogLine.Level(rawValue: word) != nil else {
                throw ConfigurationError("RUST_LOG", text, "has no level error, warn, info, debug, trace or off")
            }
            let level = LogLine.Level(rawValue: word)
            if parts.count == 1 { self.level = level ?? .error }
            if parts.count == 2, parts[0] == "access" {
                isAccessLogged = level != nil && level != .error && level != .warn
            }
        }
    }
}

extension LogLevels: CustomStringConvertible {
    /// As directives.
    package var description: String { level.rawValue + (isAccessLogged ? "" : ",access=off") }
}
