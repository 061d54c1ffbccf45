import Testing

@testable import ZTunnel

struct SurveyTests {
    private static func state(_ sockets: Int) -> WorkerState {
        WorkerState(metrics: TrafficMetrics(), connections: [:], sockets: OpenSockets(source: sockets, destination: 0))
    }

    /// A survey that notes what each step gave.
    private struct Dialogue {
        var survey = Survey()
        var id: UInt64 = 0
        var isOver = false
        var silent: [Int]?

        mutating func begin(_ workers: Int) -> Bool {
            guard let id = survey.begin(0..<workers) else { return false }
            self.id = id
            isOver = false
            return true
        }

        mutating func answer(_ worker: Int, to id: UInt64, _ sockets: Int) {
            isOver = survey.answered(worker, id, SurveyTests.state(sockets))
        }

        mutating func waitTooLong() { silent = survey.overdue(id) }

        var sockets: [Int] { survey.states.map(\.sockets.source) }
    }

    private var dialogue = Dialogue()

    @Test mutating func `a question is over when all have answered, and another may begin`() {
        let isFirst = dialogue.begin(2), isSecond = dialogue.begin(2)
        #expect(isFirst && !isSecond)
        dialogue.answer(1, to: dialogue.id, 1)
        #expect(!dialogue.isOver)
        dialogue.answer(0, to: dialogue.id, 5)
        #expect(dialogue.isOver && dialogue.sockets == [5, 1])
        dialogue.waitTooLong()
        #expect(dialogue.silent == nil)
        let isThird = dialogue.begin(2)
        #expect(isThird)
    }

    @Test mutating func `a worker that does not answer in time stands with what it said last`() {
        _ = dialogue.begin(2)
        for worker in 0..<2 { dialogue.answer(worker, to: dialogue.id, worker + 1) }
        _ = dialogue.begin(2)
        dialogue.answer(0, to: dialogue.id, 10)
        dialogue.waitTooLong()
        #expect(dialogue.silent == [1] && dialogue.sockets == [10, 2])
        dialogue.waitTooLong()
        #expect(dialogue.silent == nil)
    }

    @Test mutating func `an answer that comes too late ends no later question, but counts`() {
        _ = dialogue.begin(2)
        let first = dialogue.id
        dialogue.answer(0, to: first, 1)
        dialogue.waitTooLong()
        #expect(dialogue.silent == [1])
        _ = dialogue.begin(2)
        dialogue.answer(0, to: dialogue.id, 1)
        dialogue.answer(1, to: first, 7)
        #expect(!dialogue.isOver && dialogue.sockets == [1, 7])
        dialogue.answer(1, to: dialogue.id, 8)
        #expect(dialogue.isOver)
    }

    @Test mutating func `of a worker that has not said anything there is nothing`() {
        _ = dialogue.begin(3)
        dialogue.answer(2, to: dialogue.id, 3)
        dialogue.waitTooLong()
        #expect(dialogue.silent == [0, 1] && dialogue.sockets == [3])
    }
}
