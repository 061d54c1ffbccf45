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

    /// A server's certificate for a name, as the arguments of a program that shows it.
    package func serverLeaf(_ name: String) throws -> [String] {
        let (key, request, leaf) = ("\(directory)/leaf.key", "\(directory)/leaf.csr", "\(directory)/leaf.pem")
        let names = "\(directory)/leaf.ext"
        try Data("subjectAltName=DNS:\(name)\n".utf8).write(to: URL(fileURLWithPath: names))
        try openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=server",
            "-keyout", key, "-out", request)
        try openssl(
            "x509", "-req", "-in", request, "-CA", "\(directory)/ca-cert.pem", "-CAkey", "\(directory)/ca-key.pem",
            "-CAcreateserial", "-days", "1", "-extfile", names, "-out", leaf)
        return ["--certificate", leaf, "--key", key]
    }

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
