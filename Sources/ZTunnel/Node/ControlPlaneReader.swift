import HBONE
import Mesh

/// Reads from the environment how the services of the control plane are reached.
struct ControlPlaneReader {
    enum Service: String { case discovery = "XDS", certificates = "CA" }

    private static let inCluster = "https://istiod.istio-system.svc:15012"
    /// Where distributions keep the roots that a machine trusts.
    private static let systemRoots = "/etc/ssl/certs/ca-certificates.crt"

    private let given: EnvironmentReader
    private let environment: [String: String]
    private let clusterID: String

    init(_ given: EnvironmentReader, _ environment: [String: String], clusterID: String) {
        self.given = given
        self.environment = environment
        self.clusterID = clusterID
    }

    /// `AUTH_TOKEN`.
    var tokenPath: String { given.text("AUTH_TOKEN") ?? "./var/run/secrets/tokens/istio-token" }

    /// Nil when the service is off: not named, outside a cluster, or named by an empty variable.
    func access(_ service: Service) throws(ConfigurationError) -> ControlPlaneAccess? {
        let variable = "\(service.rawValue)_ADDRESS"
        let isInCluster = given.text("KUBERNETES_SERVICE_HOST") != nil
        guard let text = environment[variable] ?? (isInCluster ? Self.inCluster : nil), !text.isEmpty else {
            return nil
        }
        guard let address = GRPCAddress(text) else {
            throw ConfigurationError(
                variable, text, "is no address, such as https://controller.slipstream-system.svc:15012")
        }
        // Without TLS anybody on the way could read the token, and be the control plane.
        guard address.isSecure || IPAddress(address.host)?.isLoopback == true || address.host == "localhost" else {
            throw ConfigurationError(variable, text, "must be https, but on loopback")
        }
        var access = ControlPlaneAccess(
            address: address.description, roots: roots("\(service.rawValue)_ROOT_CA"), tokenPath: tokenPath,
            clusterID: clusterID)
        access.serverName = given.text("ALT_\(service.rawValue)_HOSTNAME")
        access.headers = try headers("\(service.rawValue)_HEADER_")
        return access
    }

    /// A path, the certificates themselves, or the machine's own.
    private func roots(_ variable: String) -> ControlPlaneAccess.Roots {
        let text = given.text(variable) ?? "./var/run/secrets/istio/root-cert.pem"
        if text == "SYSTEM" { return .file(Self.systemRoots) }
        return text.contains("-----BEGIN") ? .pem(text) : .file(text)
    }

    private func headers(_ prefix: String) throws(ConfigurationError) -> [String: String] {
        var headers: [String: String] = [:]
        for (variable, value) in environment where variable.hasPrefix(prefix) {
            let name = variable.dropFirst(prefix.count).lowercased()
            guard !name.isEmpty, name.utf8.allSatisfy(\.isToken), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
            else { throw ConfigurationError(variable, value, "is no header of a request") }
            headers[name] = value
        }
        return headers
    }
}
