/// What a proxy says of itself (`/config_dump`), as far as it is shown.
struct ProxyDump: Decodable, Hashable {
    struct Workload: Decodable, Hashable {
        let uid, name, namespace, serviceAccount: String
        let workloadIps: [String]
        let `protocol`, node, status: String
        let authorizationPolicies: [String]
        let waypoint: Gateway?
    }

    struct Gateway: Decodable, Hashable {
        let destination: String
    }

    struct Service: Decodable, Hashable {
        struct Endpoint: Decodable, Hashable {
            let status: String
        }

        let name, namespace, hostname: String
        let vips: [String]
        let ports: [String: Int]
        let endpoints: [String: Endpoint]
        let waypoint: Gateway?
    }

    struct Policy: Decodable, Hashable {
        let name, namespace, scope, action: String
        let dryRun: Bool
        let rules: [JSONValue]
    }

    struct Certificate: Decodable, Hashable {
        struct Link: Decodable, Hashable {
            let serialNumber, validFrom, expirationTime: String?
        }

        let identity, state: String
        let certChain: [Link]
    }

    struct Pod: Decodable, Hashable {
        struct Connections: Decodable, Hashable {
            let inbound, outbound: [Connection]
        }

        struct Info: Decodable, Hashable {
            let name, namespace: String
        }

        let state: String
        let connections: Connections
        let info: Info
    }

    struct Connection: Decodable, Hashable {
        let src, originalDst, actualDst, `protocol`: String
    }

    let workloads: [Workload]
    let services: [Service]
    let policies: [Policy]
    let certificates: [Certificate]
    let workloadState: [String: Pod]
}
