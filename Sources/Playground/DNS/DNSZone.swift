import Mesh

/// The names of one cluster and what they stand for. A pure value: an answer depends on the question and the zone alone.
struct DNSZone: Hashable, Sendable {
    let domain: String
    /// By full name, lower case, without the final dot. A name without addresses exists all the same.
    private var addresses: [String: [IPAddress]] = [:]

    init(domain: String) {
        self.domain = domain
    }

    /// Names a service: its virtual address, or those of its pods when it has none.
    mutating func add(service: String, namespace: String, addresses: [IPAddress]) {
        self.addresses["\(service).\(namespace).svc.\(domain)".lowercased()] = addresses
    }

    /// Answers one datagram; nil when it deserves silence. `turn` rotates the addresses, so that clients that take the first
    /// one still spread over all.
    func answer(_ datagram: [UInt8], turn: Int) -> [UInt8]? {
        do {
            let question = try DNSQuestion(datagram: datagram)
            guard question.class == DNSQuestion.internet else { return DNSAnswer.datagram(to: question, .refused) }
            guard let known = addresses[question.name] else {
                return DNSAnswer.datagram(to: question, .nameDoesNotExist)
            }
            let wanted = known.filter { question.type == DNSQuestion.anyType || $0.recordType == question.type }
            return DNSAnswer.datagram(to: question, .success, addresses: wanted.rotated(by: turn))
        } catch {
            return DNSAnswer.datagram(to: error)
        }
    }

    /// A pod's `/etc/resolv.conf`, as the kubelet writes it.
    func resolverConfiguration(namespace: String, nameserver: IPAddress) -> String {
        """
        search \(namespace).svc.\(domain) svc.\(domain) \(domain)
        nameserver \(nameserver)
        options ndots:5

        """
    }
}

extension IPAddress {
    fileprivate var recordType: UInt16 { family == .v4 ? DNSQuestion.addressV4 : DNSQuestion.addressV6 }
}

extension Array {
    fileprivate func rotated(by turn: Int) -> [Element] {
        guard count > 1 else { return self }
        let start = Int(turn.magnitude % UInt(count))
        return Array(self[start...] + self[..<start])
    }
}
