/// A hashed timing wheel: setting and cancelling cost the same however many timers there are.
///
/// A pure value: it knows ticks, not clocks. A timer fires at its tick or later, never earlier. A timer further away than one
/// turn of the wheel stays in its slot and is passed over until its turn has come.
package struct TimerWheel<Payload> {
    /// Names one setting of a timer; cancelling one that has fired or was cancelled does nothing.
    package struct ID: Hashable, Sendable {
        fileprivate let index: Int32
        fileprivate let generation: UInt32
    }

    private struct Entry {
        var payload: Payload?
        var tick: UInt64 = 0
        var generation: UInt32 = 0
        var next: Int32 = none
        var previous: Int32 = none
    }

    private static var none: Int32 { -1 }
    private static var slotCount: Int { 512 }

    private var entries: [Entry] = []
    private var firstFree: Int32 = none
    private var slots = [Int32](repeating: none, count: slotCount)
    private var tick: UInt64

    package private(set) var count = 0

    package init(tick: UInt64 = 0) { self.tick = tick }

    package mutating func set(_ payload: Payload, at deadline: UInt64) -> ID {
        // A tick that has passed already is due at the next one.
        let due = max(deadline, tick + 1)
        let index = takeEntry()
        entries[Int(index)].payload = payload
        entries[Int(index)].tick = due
        link(index, into: Int(due % UInt64(Self.slotCount)))
        count += 1
        return ID(index: index, generation: entries[Int(index)].generation)
    }

    package mutating func cancel(_ id: ID) {
        guard entries[Int(id.index)].generation == id.generation, entries[Int(id.index)].payload != nil else { return }
        _ = remove(id.index)
    }

    /// Moves time on and returns what is due, in the order of ticks.
    package mutating func advance(to now: UInt64) -> [Payload] {
        guard now > tick else { return [] }
        guard count > 0 else {
            tick = now
            return []
        }
        var due: [Payload] = []
        // After one whole turn every slot has been seen.
        for passing in (tick + 1)...min(now, tick + UInt64(Self.slotCount)) {
            collect(Int(passing % UInt64(Self.slotCount)), through: now, into: &due)
        }
        tick = now
        return due
    }

    /// A tick at which `advance` should be called: that of the nearest timer, or the end of this turn of the wheel.
    package var nextTick: UInt64? {
        guard count > 0 else { return nil }
        for ahead in 1...UInt64(Self.slotCount) {
            var index = slots[Int((tick + ahead) % UInt64(Self.slotCount))]
            while index != Self.none {
                if entries[Int(index)].tick <= tick + ahead { return tick + ahead }
                index = entries[Int(index)].next
            }
        }
        return tick + UInt64(Self.slotCount)
    }

    private mutating func collect(_ slot: Int, through now: UInt64, into due: inout [Payload]) {
        var index = slots[slot]
        while index != Self.none {
            let next = entries[Int(index)].next
            if entries[Int(index)].tick <= now, let payload = remove(index) { due.append(payload) }
            index = next
        }
    }

    private mutating func takeEntry() -> Int32 {
        guard firstFree != Self.none else {
            entries.append(Entry())
            return Int32(entries.count - 1)
        }
        let index = firstFree
        firstFree = entries[Int(index)].next
        return index
    }

    private mutating func link(_ index: Int32, into slot: Int) {
        entries[Int(index)].previous = Self.none
        entries[Int(index)].next = slots[slot]
        if slots[slot] != Self.none { entries[Int(slots[slot])].previous = index }
        slots[slot] = index
    }

    private mutating func remove(_ index: Int32) -> Payload? {
        let entry = entries[Int(index)]
        if entry.previous != Self.none {
            entries[Int(entry.previous)].next = entry.next
        } else {
            slots[Int(entry.tick % UInt64(Self.slotCount))] = entry.next
        }
        if entry.next != Self.none { entries[Int(entry.next)].previous = entry.previous }
        entries[Int(index)] = Entry(generation: entry.generation &+ 1, next: firstFree)
        firstFree = index
        count -= 1
        return entry.payload
    }
}
