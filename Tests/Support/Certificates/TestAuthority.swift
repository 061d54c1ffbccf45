import Foundation

/// A certificate authority in a directory of its own, made by `openssl`; gone when the value is.
package final class TestAuthority {
    package let directory: String

    package init() throws {
        directory = NSTemporaryDirectory() + "slipstream-ca-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/O=test", "-keyout", "\(directory)/ca-key.pem", "-out", "\(directory)/root-cert.pem")
        try FileManager.default.copyItem(atPath: directory + "/root-cert.pem", toPath: directory + "/ca-cert.pem")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory + "/ca-key.pem")
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }
}
