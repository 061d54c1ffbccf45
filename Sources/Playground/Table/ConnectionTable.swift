import Mesh

/// The connections that proxies reported of late. The two reports of one connection become one: the client's address and
/// port are the same on both sides, since the mesh keeps them from end to end.
struct ConnectionTable: Sendable {
    /// Two proxies write within milliseconds of each other, but their logs are read one after the other.
    static let partnerDelayMilliseconds: UInt64 = 1_500
    /// What the screen and the proofs look back on.
    static let historyLimit = 500

    struct Entry: Hashable, Sendable {
        let number: Int
        var connection: Connection
        fileprivate let client: SocketAddress?
        fileprivate let reportedMilliseconds: UInt64
    }

    /// Oldest first.
    private(set) var entries: [Entry] = []
    private var unsettled: [Int] = []
    private var nextNumber = 0

    init() {}

    var connections: [Connection] { entries.map(\.connection) }

    /// What has come since a number was handed out by `mark`.
    func connections(since mark: Int) -> [Connection] {
        entries.lazy.filter { $0.number >= mark }.map(\.connection)
    }

    var mark: Int { nextNumber }

    mutating func add(_ record: AccessRecord, nowMilliseconds now: UInt64) {
        if let index = partner(of: record, now) {
            switch record.direction {
            case .inbound: entries[index].connection.inbound = record
            case .outbound: entries[index].connection.outbound = record
            }
            return
        }
        var connection = Connection()
        switch record.direction {
        case .inbound: connection.inbound = record
        case .outbound: connection.outbound = record
        }
        entries.append(
            Entry(number: nextNumber, connection: connection, client: record.source.address, reportedMilliseconds: now))
        unsettled.append(nextNumber)
        nextNumber += 1
        if entries.count > Self.historyLimit { entries.removeFirst(entries.count - Self.historyLimit) }
    }

    /// The connections that are complete, or whose partner will not come any more: each once, in order.
    mutating func takeSettled(nowMilliseconds now: UInt64) -> [Connection] {
        var settled: [Connection] = []
        unsettled.removeAll { number in
            guard let entry = entries.first(where: { $0.number == number }) else { return true }
            let isComplete = entry.connection.inbound != nil && entry.connection.outbound != nil
            guard isComplete || now >= entry.reportedMilliseconds + Self.partnerDelayMilliseconds else { return false }
            settled.append(entry.connection)
            return true
        }
        return settled
    }

    private func partner(of record: AccessRecord, _ now: UInt64) -> Int? {
        guard let client = record.source.address else { return nil }
        return entries.lastIndex { entry in
            entry.client == client && entry.reportedMilliseconds + Self.partnerDelayMilliseconds > now
                && entry.connection.lacks(record.direction) && entry.connection.leadsWhere(record)
        }
    }
}

extension Connection {
    fileprivate func lacks(_ direction: AccessRecord.Direction) -> Bool {
        direction == .inbound ? inbound == nil : outbound == nil
    }

    /// Ports come again: the same client port may soon lead elsewhere.
    fileprivate func leadsWhere(_ record: AccessRecord) -> Bool {
        guard let here = destination.address?.ip,
            let there = (record.tunnelDestination ?? record.destination.address)?.ip
        else { return true }
        return here == there
    }
}
