extension String {
    /// Without what would move a terminal's cursor or turn its text around: names and reasons are others' words.
    var printable: String {
        guard unicodeScalars.contains(where: \.isControl) else { return self }
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars { text.append(scalar.isControl ? "\u{fffd}" : scalar) }
        return String(text)
    }
}

extension Unicode.Scalar {
    /// Control and format characters, and ends of lines and paragraphs (Unicode, general category).
    fileprivate var isControl: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
