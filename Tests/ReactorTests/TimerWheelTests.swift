import Reactor
import Testing

struct TimerWheelTests {
    @Test(arguments: [1 as UInt64, 2, 511, 512, 513, 1024, 5000, 100_000])
    func `a timer fires at its tick and not before`(delay: UInt64) {
        var wheel = TimerWheel<String>(tick: 77)
        _ = wheel.set("late", at: 77 + delay)
        #expect(wheel.advance(to: 77 + delay - 1).isEmpty)
        #expect(wheel.advance(to: 77 + delay) == ["late"])
        #expect(wheel.count == 0)
    }

    @Test func `time that jumps fires everything that is due, each once`() {
        var wheel = TimerWheel<UInt64>()
        for tick in 1...2000 as ClosedRange<UInt64> { _ = wheel.set(tick, at: tick) }
        #expect(Set(wheel.advance(to: 1500)) == Set(1...1500))
        #expect(wheel.advance(to: 1500).isEmpty)
        #expect(Set(wheel.advance(to: 9000)) == Set(1501...2000))
    }

    @Test func `a tick in the past is due at the next one`() {
        var wheel = TimerWheel<String>(tick: 100)
        _ = wheel.set("now", at: 3)
        #expect(wheel.nextTick == 101)
        #expect(wheel.advance(to: 101) == ["now"])
    }

    @Test func `the next tick is never later than the nearest timer`() {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var random = SplitMix(state: seed)
        var wheel = TimerWheel<UInt64>()
        var expected: [UInt64: UInt64] = [:]
        var now: UInt64 = 0
        for id in 0..<2000 as Range<UInt64> {
            let due = now + 1 + random.next() % 3000
            let timer = wheel.set(id, at: due)
            if random.next() % 4 == 0 { wheel.cancel(timer) } else { expected[id] = due }
            if let next = wheel.nextTick, let nearest = expected.values.min() {
                #expect(next <= nearest, "seed \(seed)")
            }
            now += random.next() % 8
            for fired in wheel.advance(to: now) {
                #expect(expected.removeValue(forKey: fired).map { $0 <= now } == true, "seed \(seed)")
            }
            #expect(expected.values.allSatisfy { $0 > now }, "seed \(seed)")
            #expect(wheel.count == expected.count, "seed \(seed)")
        }
    }
}

private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        let mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        return mixed ^ (mixed >> 31)
    }
}
