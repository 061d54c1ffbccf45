import Controller
import Foundation
import Playground
import Reactor

/// Asks a controller over its socket.
package struct ControllerClient {
    /// What it takes for an answer, when the question itself says nothing else.
    private static let patienceSeconds = 30

    private let place: ControllerPlace

    package init(_ place: ControllerPlace) { self.place = place }

    var isPlayground: Bool { place.isPlayground }

    /// What a question is answered with, when it is not answered as it should be.
    private struct Refusal: Decodable {
        let error: String
    }

    /// - Parameter waitSeconds: how long the answer may be kept back.
    /// - Returns: nil when the controller says that there is no such thing.
    func ask<Answer: Decodable>(
        _ type: Answer.Type, _ path: String, _ parameters: [String: String] = [:], waitSeconds: Double = 0
    ) throws(CommandFailure) -> Answer? {
        let answer = try answer(to: HTTPQuestion.path(path, parameters), Self.patienceSeconds + Int(waitSeconds))
        guard answer.status == 200 else {
            if answer.status == 404, refusal(answer) != nil { return nil }
            throw CommandFailure(
                refusal(answer) ?? "the controller at \(place.socket) answered \(answer.status) to \(path); "
                    + "it may be of another version than this program")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(answer.body))
        } catch {
            throw CommandFailure(
                "the controller at \(place.socket) gave an answer that this program does not understand; "
                    + "it may be of another version")
        }
    }

    /// What is always there.
    func require<Answer: Decodable>(
        _ type: Answer.Type, _ path: String, _ parameters: [String: String] = [:]
    ) throws(CommandFailure) -> Answer {
        guard let answer = try ask(type, path, parameters) else {
            throw CommandFailure("the controller at \(place.socket) knows nothing of \(path)")
        }
        return answer
    }

    private func refusal(_ answer: HTTPAnswer) -> String? {
        try? JSONDecoder().decode(Refusal.self, from: Data(answer.body)).error
    }

    private func answer(to path: String, _ limitSeconds: Int) throws(CommandFailure) -> HTTPAnswer {
        do {
            let socket = try WaitingSocket.connect(to: place.socket, limitSeconds: limitSeconds)
            return try HTTPQuestion(path: path).ask(on: socket)
        } catch let failure as Errno {
            throw CommandFailure(sentence(for: failure))
        } catch {
            throw CommandFailure("the controller at \(place.socket) ended in the middle of its answer; try again")
        }
    }

    private func sentence(for failure: Errno) -> String {
        switch failure.code {
        case EACCES: "\(place.socket) may be used by root alone; run this with sudo"
        case ENOENT, ECONNREFUSED:
            place.isPlayground
                ? "the playground's controller does not answer; see how it stands with: slipstream playground status"
                : "no controller listens at \(place.socket); start one with --api-socket \(place.socket)"
        case EAGAIN, ETIMEDOUT: "the controller at \(place.socket) does not answer in time; look at its log"
        default: "the controller at \(place.socket) cannot be asked: \(failure)"
        }
    }
}
