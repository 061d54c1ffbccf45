import Foundation

/// The world's certificate authority: one root, made anew for each world and gone with it, from which every ztunnel signs
/// its workloads' certificates.
enum Authority {
    private static let days = "30"

    static func make(in folder: String, trustDomain: String) throws {
        let files = FileManager.default
        try files.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let key = "\(folder)/ca-key.pem"
        let root = "\(folder)/root-cert.pem"
        try Command.run("openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key])
        try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        try Command.run(
            "openssl",
            [
                "req", "-x509", "-new", "-sha256", "-key", key, "-days", days, "-out", root,
                "-subj", "/O=\(trustDomain)/CN=slipstream playground",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            ])
        try files.copyItem(atPath: root, toPath: "\(folder)/ca-cert.pem")
    }
}
