import Foundation

/// Where things are in this checkout.
enum Project {
    static let root = URL(filePath: #filePath).appending(path: "../../../..").standardized.path

    /// A program of ours. Release builds, unless `SLIPSTREAM_BINARIES` names another folder.
    static func binary(_ name: String) -> String {
        let folder = ProcessInfo.processInfo.environment["SLIPSTREAM_BINARIES"] ?? "\(root)/.build/release"
        return "\(folder)/\(name)"
    }

    /// Whether the programs were built with a sanitizer (script/sanitize).
    static var isSanitized: Bool { ProcessInfo.processInfo.environment["SLIPSTREAM_SANITIZED"] != nil }

    /// A Python program of `Tests/Support`, as a command. Debian's own interpreter, which has python3-h2.
    static func script(_ name: String) -> [String] { ["/usr/bin/python3", "\(root)/Tests/Support/\(name).py"] }

    /// Envoy's program, which is installed if it is not there.
    static func envoy() throws -> String {
        try Command.succeed(["\(root)/script/peers"], timeoutSeconds: 300).trimmingCharacters(in: .newlines)
    }
}
