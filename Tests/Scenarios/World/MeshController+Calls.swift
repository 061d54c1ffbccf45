import Discovery
import Foundation

/// Calls to it that no proxy would make, by curl and openssl.
extension MeshController {
    /// A request for a certificate of this identity, signed by a new key.
    ///
    /// - Parameters:
    ///   - key: how openssl is to make it.
    ///   - options: of `openssl req`.
    func signingRequest(key: [String], _ options: String...) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "slb-test-key-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Command.succeed(["openssl", "genpkey", "-out", file] + key)
        return try Command.succeed(["openssl", "req", "-new", "-key", file, "-subj", "/"] + options)
    }

    /// Asks for a certificate; the status of the call, as gRPC numbers it, and what came of it.
    func ask(
        for identity: String?, _ signingRequest: String, token: String?
    ) throws -> (status: Int, chain: [String]) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "slb-test-call-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (body, answer) = (folder.appending(path: "body"), folder.appending(path: "answer"))
        let request = CertificateRequest(csr: signingRequest, validitySeconds: 600, impersonatedIdentity: identity)
            .encoded()
        let length = withUnsafeBytes(of: UInt32(request.count).bigEndian) { Array($0) }
        try Data([0] + length + request).write(to: body)
        var command = [
            "curl", "--silent", "--http2-prior-knowledge", "--max-time", "10", "--dump-header", "-", "--output",
            answer.path, "--data-binary", "@\(body.path)", "--header", "content-type: application/grpc", "--header",
            "te: trailers",
        ]
        if let token { command += ["--header", "authorization: Bearer \(token)"] }
        command.append("http://127.0.0.1:15010/istio.v1.auth.IstioCertificateService/CreateCertificate")
        let headers = try Command.succeed(["ip", "netns", "exec", nodes[0].namespaceName] + command)
        let status = headers.split(whereSeparator: \.isNewline).first { $0.hasPrefix("grpc-status:") }
            .flatMap { Int($0.dropFirst("grpc-status:".count).trimmingCharacters(in: .whitespaces)) }
        let bytes = [UInt8]((try? Data(contentsOf: answer)) ?? Data()).dropFirst(5)
        let chain = try status == 0 ? CertificateResponse(decoding: Array(bytes)).certificateChain : []
        return (status ?? -1, chain)
    }
}

/// Certificates that are trusted no more.
extension MeshController {
    /// Has the authority's own list name a certificate.
    ///
    /// - Parameter serial: hexadecimal.
    func revoke(_ serial: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "slb-test-crl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let digits = serial.uppercased()
        // As `openssl ca` keeps its book: revoked, its end, when, its number, no file, whose.
        let entry =
            "R\t330101000000Z\t260101000000Z\t\(digits.count % 2 == 0 ? digits : "0" + digits)\tunknown\t/CN=x\n"
        try entry.write(to: folder.appending(path: "index.txt"), atomically: true, encoding: .utf8)
        let settings = """
            [ca]
            default_ca = this
            [this]
            database = \(folder.path)/index.txt
            default_md = sha256
            default_crl_days = 1
            """
        try settings.write(to: folder.appending(path: "ca.cnf"), atomically: true, encoding: .utf8)
        let list = try Command.succeed([
            "openssl", "ca", "-gencrl", "-config", folder.appending(path: "ca.cnf").path, "-cert",
            authority.appending(path: "ca-cert.pem").path, "-keyfile", authority.appending(path: "ca-key.pem").path,
        ])
        try setRevocations(list)
    }

    /// Replaces the authority's list; nil removes it.
    func setRevocations(_ list: String?) throws {
        let file = authority.appending(path: "ca-crl.pem")
        guard let list else { return try FileManager.default.removeItem(at: file) }
        try list.write(to: file, atomically: true, encoding: .utf8)
    }
}
