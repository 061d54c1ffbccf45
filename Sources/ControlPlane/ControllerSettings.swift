package import Controller

/// What a controller is told when it starts.
package struct ControllerSettings: Sendable {
    package var mesh = MeshSettings()
    /// `namespace/service-account` of node proxies: they may ask for certificates of the pods on their node, and their
    /// acknowledgements count.
    package var nodeProxyAccounts: Set<String>
    package var sources: [String]
    /// Where made objects and statuses are put; nil makes none.
    package var outputDirectory: String?
    package var authorityDirectory: String
    package var tokenKeysPath: String
    /// Nil takes tokens of any issuer.
    package var tokenIssuer: String?
    package var tokenAudience = "istio-ca"
    /// Beside those that it has anyway.
    package var dnsNames: [String] = []

    /// Where proxies are served with TLS.
    package var secureHost = "0.0.0.0"
    package var securePort = 15012
    /// On loopback; 0 serves none. So with the following.
    package var plaintextPort = 15010
    package var interfacePort = 15070
    package var interfaceSocket: String?
    /// On all addresses.
    package var readinessPort = 8080
    package var metricsPort = 15014

    /// As long, and no longer, may a workload's certificate live.
    package var certificateLifetimeSeconds: Double = 86_400
    /// What runs in the pods of waypoints.
    package var waypointTemplate = WaypointObjects.Template()
    /// Of a root that is made here; it is replaced at half of it.
    package var rootLifetimeSeconds = IssuingMaterial.rootLifetimeSeconds
    /// How long nobody must be waited for before a root's replacement takes its next step.
    package var rootSettlingSeconds: Int64 = 10
    /// So many proxies are given their first answers at a time.
    package var initialPushLimit = 32
    /// For so long at most others wait for one of them.
    package var initialPushSeconds = 2.0
    /// A stream ends after about so long, so that a token that has run out does not count for ever.
    package var streamAgeSeconds = 1800.0
    /// A proxy that does not answer for so long is cut off.
    package var silenceLimitSeconds = 60

    package init(sources: [String], authorityDirectory: String, tokenKeysPath: String) {
        self.sources = sources
        self.authorityDirectory = authorityDirectory
        self.tokenKeysPath = tokenKeysPath
        nodeProxyAccounts = ["\(mesh.rootNamespace)/ztunnel"]
    }

    var authority: CertificateAuthority.Settings {
        var settings = CertificateAuthority.Settings(trustDomain: mesh.trustDomain)
        settings.lifetimeLimitSeconds = certificateLifetimeSeconds
        settings.rootLifetimeSeconds = rootLifetimeSeconds
        settings.settlingSeconds = rootSettlingSeconds
        settings.serverNames = serverNames
        return settings
    }

    /// Under which names proxies look for this server.
    package var serverNames: [String] {
        ["slipstream-controller.\(mesh.rootNamespace).svc", "istiod.istio-system.svc", "localhost"] + dnsNames
    }
}
