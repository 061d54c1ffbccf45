/// What a proxy says of a response that it takes only in part: `name: reason; name: reason`.
enum RejectionMessage {
    /// The reasons by name. A part that begins with no known name belongs to the reason before it.
    static func reasons(in message: String, isKnown: (String) -> Bool) -> [(name: String, reason: String)] {
        var reasons: [(name: String, reason: String)] = []
        for part in pieces(of: message, separator: "; ") {
            let words = pieces(of: part, separator: ": ")
            if words.count > 1, isKnown(words[0]) {
                reasons.append((words[0], words.dropFirst().joined(separator: ": ")))
            } else if let last = reasons.indices.last {
                reasons[last].reason += "; " + part
            } else {
                return []
            }
        }
        return reasons
    }

    /// Separators are two ASCII characters.
    private static func pieces(of text: String, separator: String) -> [String] {
        var pieces: [String] = []
        var piece: [UInt8] = []
        let pair = Array(separator.utf8)
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == pair[0], index + 1 < bytes.count, bytes[index + 1] == pair[1] {
                pieces.append(String(decoding: piece, as: UTF8.self))
                piece = []
                index += 2
            } else {
                piece.append(bytes[index])
                index += 1
            }
        }
        return pieces + [String(decoding: piece, as: UTF8.self)]
    }
}
