import Controller
import Testing

struct InitialPushesTests {
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `never more than allowed are served at a time, and everybody in turn`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var pacing = InitialPushes<Int>(limit: 3)
        var (served, waiting): (Set<Int>, [Int]) = ([], [])
        for id in 0..<100 {
            if pacing.ask(id) { served.insert(id) } else { waiting.append(id) }
            // Asking again changes nothing.
            let isServed = pacing.ask(id)
            #expect(isServed == served.contains(id))
            guard Bool.random(using: &random), let done = served.randomElement(using: &random) else { continue }
            served.remove(done)
            let next = pacing.finish(done)
            #expect(next == waiting.first)
            if let next {
                waiting.removeFirst()
                served.insert(next)
            }
            #expect(served.count <= 3)
            #expect(pacing.waitingCount == waiting.count)
        }
        while let done = served.popFirst() {
            if let next = pacing.finish(done) { served.insert(next) }
        }
        #expect(pacing.waitingCount == 0)
    }

    @Test func `one who takes long is passed by, and keeps nobody's place`() {
        var pacing = InitialPushes<String>(limit: 1)
        let isServed = ["slow", "second", "third"].map { pacing.ask($0) }
        #expect(isServed == [true, false, false])
        let released = ["third", "slow", "slow"].map { pacing.release($0) }
        #expect(released == [nil, "second", nil])
        // It ends long after.
        let next = pacing.finish("slow")
        #expect(next == nil && pacing.isServed("second"))
        let last = pacing.finish("second")
        #expect(last == "third")
    }

    @Test func `one who leaves while waiting is passed over`() {
        var pacing = InitialPushes<String>(limit: 1)
        let isServed = ["first", "second", "third"].map { pacing.ask($0) }
        #expect(isServed == [true, false, false])
        let next = ["second", "first"].map { pacing.finish($0) }
        #expect(next == [nil, "third"])
        let isServedAgain = pacing.ask("second")
        #expect(!isServedAgain)
    }
}
