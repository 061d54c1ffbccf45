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

    /// A certificate for a request, with the names that the request asks for, or with this URI.
    package func certify(_ request: String, uri: String? = nil, days: Int = 1) throws -> String {
        let (file, leaf, names) = ("\(directory)/\(UUID()).csr", "\(directory)/leaf.pem", "\(directory)/leaf.ext")
        try Data(request.utf8).write(to: URL(fileURLWithPath: file))
        try Data("subjectAltName=URI:\(uri ?? "")\n".utf8).write(to: URL(fileURLWithPath: names))
        let signing = [
            "x509", "-req", "-in", file, "-CA", "\(directory)/ca-cert.pem", "-CAkey", "\(directory)/ca-key.pem",
            "-CAcreateserial", "-days", "\(days)", "-out", leaf,
        ]
        try openssl(signing + (uri == nil ? ["-copy_extensions", "copy"] : ["-extfile", names]))
        return try String(contentsOfFile: leaf, encoding: .utf8)
    }

    package var root: String {
        get throws { try String(contentsOfFile: directory + "/root-cert.pem", encoding: .utf8) }
    }

    /// A list of revoked certificates, DER.
    ///
    /// - Parameter serials: hexadecimal, an even number of digits.
    package func revocationList(_ serials: [String]) throws -> [UInt8] {
        let book = serials.map { "R\t330101000000Z\t260101000000Z\t\($0.uppercased())\tunknown\t/CN=x\n" }.joined()
        try Data(book.utf8).write(to: URL(fileURLWithPath: directory + "/index.txt"))
        let settings =
            "[ca]\ndefault_ca=a\n[a]\ndatabase=\(directory)/index.txt\ndefault_md=sha256\ndefault_crl_days=1\n"
        try Data(settings.utf8).write(to: URL(fileURLWithPath: directory + "/ca.cnf"))
        try openssl([
            "ca", "-gencrl", "-config", "\(directory)/ca.cnf", "-cert", "\(directory)/ca-cert.pem", "-keyfile",
            "\(directory)/ca-key.pem", "-out", "\(directory)/crl.pem",
        ])
        try openssl(["crl", "-in", "\(directory)/crl.pem", "-outform", "DER", "-out", "\(directory)/crl.der"])
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: directory + "/crl.der")))
    }

    private func openssl(_ arguments: String...) throws { try openssl(arguments) }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    }
}
