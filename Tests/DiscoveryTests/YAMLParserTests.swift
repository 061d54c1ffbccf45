import Discovery
import Testing

struct YAMLParserTests {
    @Test(arguments: [
        ("a: 1", #"{"a":1}"#),
        ("a: 1\nb:\n  c: x # why\n  d: [1, 'two', \"three\\n\"]\n", #"{"a":1,"b":{"c":x,"d":[1,"two","three⏎"]}}"#),
        ("- a\n- b: c\n  d: e\n-\n  f\n- - g\n  - h\n", #"[a,{"b":c,"d":e},f,[g,h]]"#),
        ("a:\n- 1\n- 2\nb:\n  - 3\n", #"{"a":[1,2],"b":[3]}"#),
        ("a:\nb: ~\nc:", #"{"a":,"b":~,"c":}"#),
        (
            "a: plain text\n  that goes on\n\n  after a blank line\nb: 1",
            #"{"a":plain text that goes on⏎after a blank line,"b":1}"#
        ),
        ("a: \"folded\n  text\\\n  joined\n\n  end\"", #"{"a":"folded textjoined⏎end"}"#),
        ("a: 'it''s\n  one'", #"{"a":"it's one"}"#),
        ("a: |\n  one\n   two\n\n  three\n\nb: 1", #"{"a":"one⏎ two⏎⏎three⏎","b":1}"#),
        ("a: |-\n  one\n  two\n", #"{"a":"one⏎two"}"#),
        ("a: |+\n  one\n\nb: 1", #"{"a":"one⏎⏎","b":1}"#),
        ("a: |2\n   one\n  two\n", #"{"a":" one⏎two⏎"}"#),
        ("a: >\n  one\n  two\n\n  three\n   four\n  five\n", #"{"a":"one two⏎three⏎ four⏎five⏎"}"#),
        ("- |\n one\n- >-\n two\n three", #"["one⏎","two three"]"#),
        ("command: [\"sh\", -c, \"echo {}\"]", #"{"command":["sh",-c,"echo {}"]}"#),
        ("a: {b: c, d, \"e\":f, g: [], h: {},}", #"{"a":{"b":c,"d":,"e":f,"g":[],"h":{}}}"#),
        (
            "url: http://x.y:80/z#f\ntime: 2024-01-01T00:00:00Z",
            #"{"url":http://x.y:80/z#f,"time":2024-01-01T00:00:00Z}"#
        ),
        ("\"a b\": 1\n'c': 2\nd e : 3", #"{"a b":1,"c":2,"d e":3}"#),
        ("a: -1\nb: -x\n", #"{"a":-1,"b":-x}"#),
        ("a: \"\\u00e9\\ud83d\\ude00\\x41\\t\"", #"{"a":"é😀A\#t"}"#),
        ("{\"a\": {\n\t\"b\": [1,\n\t2]}}", #"{"a":{"b":[1,2]}}"#),
        ("\u{feff}a: 1\r\nb:\r\n  - x\r\n", #"{"a":1,"b":[x]}"#),
        ("# only a comment\n\na: 1 # b\n# c\n", #"{"a":1}"#),
        ("a:\n  # comment\n  b: 1\n # dedented comment\n  c: 2", #"{"a":{"b":1,"c":2}}"#),
        ("text", "text"), ("\"a: b\"", #""a: b""#), ("[a, b]", "[a,b]"),
    ])
    func `a document is read as written`(text: String, expected: String) throws {
        let documents = try YAMLParser.documents(in: text)
        #expect(documents.map(\.shown) == [expected])
    }

    @Test func `documents are told apart by their markers`() throws {
        let text = """
            %YAML 1.2
            ---
            a: 1
            ---
            # nothing here
            ---
            - b
            ...
            --- c
            --- |
              d
            """
        #expect(try YAMLParser.documents(in: text).map(\.shown) == [#"{"a":1}"#, "[b]", "c", "\"d\""])
        #expect(try YAMLParser.documents(in: "").isEmpty)
        #expect(try YAMLParser.documents(in: "---\n---\n# x\n").isEmpty)
    }

    @Test func `each value knows its line`() throws {
        let text = "a:\n  b: 1\n\n  c:\n  - x\n  -\n    y: {z: 1}\n"
        guard case .mapping(let root) = try YAMLParser.documents(in: text)[0].content,
            case .mapping(let inner) = root[0].value.content, case .sequence(let items) = inner[1].value.content
        else {
            Issue.record("unexpected shape")
            return
        }
        #expect(root[0].line == 1 && inner.map(\.line) == [2, 4] && items.map(\.line) == [5, 7])
    }

    @Test(arguments: [
        ("a: &x 1\nb: *x", 1, "anchor"), ("a: !!str 1", 1, "tag"), ("a: 1\na: 2", 2, "each key once"),
        ("a: {b: 1, b: 2}", 1, "each key once"), ("? a\n: b", 1, "expected a value"), ("a: b: c", 1, "another key"),
        ("a:\n\t- b", 2, "tab"), ("a: - b", 1, "line of its own"), ("a: [1, 2", 1, "closing bracket"),
        ("a: \"x", 1, "closing"), ("a: 'x\n\nb: 1", 3, "quote"), ("a: 1\n b: 2", 2, "found a key"),
        ("a:\n  b: 1\n c: 2", 3, "found 1"), ("- a\nb: 1", 2, "end of the document"),
        ("a: 1\n- b", 2, "item of a list"), ("a: \"\\q\"", 1, "escape"), ("a: \"\\ud800\"", 1, "escape"),
        ("a: \u{1}", 1, "control character"), ("a: @b", 1, "quote the text"), ("a: |x\n  y", 1, "after | or >"),
        ("[a]: b", 1, "scalar as a key"), ("{a: b}: c", 1, "scalar as a key"), ("a: 1\nb", 2, "after the key"),
        ("a: \"b\" c", 1, "end of the line"), ("a: [b] c", 1, "end of the line"), ("[a,,b]", 1, "expected a value"),
        ("<<: *x", 1, "anchor"), ("%TAG ! x\n---\na", 1, "directive"), ("a: \"b\n---\nc\"", 2, "quote"),
        ("a: 1\n\u{feff}b: 2\n  c: 3", 3, "found a key"),
    ])
    func `what is malformed is refused with its line`(text: String, line: Int, problem: String) {
        #expect {
            try YAMLParser.documents(in: text)
        } throws: { error in
            let fault = error as? DocumentFault
            return fault?.line == line && fault?.problem.contains(problem) == true
        }
    }

    @Test(arguments: [
        String(repeating: "[", count: 200_000), String(repeating: "{a: ", count: 200_000),
        String(repeating: "- ", count: 200_000), (0..<2000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
    ])
    func `deep nesting is refused before it is followed`(text: String) {
        #expect(throws: DocumentFault.self) { try YAMLParser.documents(in: text) }
    }

    @Test func `size and count are bounded`() {
        let limits = YAMLLimits(bytes: 100, nodes: 10)
        #expect(throws: DocumentFault.self) {
            try YAMLParser.documents(in: String(repeating: "a", count: 101), limits: limits)
        }
        #expect(throws: DocumentFault.self) {
            try YAMLParser.documents(in: "[1,2,3,4,5,6,7,8,9,10]", limits: limits)
        }
        #expect(throws: Never.self) { try YAMLParser.documents(in: "[1,2,3,4,5,6,7,8,9]", limits: limits) }
    }

    @Test(
        .timeLimit(.minutes(1)), arguments: ["a: b\n", "- \"x\n\n", "x ", "#\n", "\n", "- \n", "\"\\", "'", "a", " "])
    func `time grows with the text and no faster`(piece: String) {
        let text = String(repeating: piece, count: 1_000_000 / piece.utf8.count)
        _ = try? YAMLParser.documents(in: text)
    }

    @Test(arguments: [
        ("1", nil), ("-1.5e3", nil), ("0x1f", nil), ("1_000", nil), (".5", nil), ("1.", nil), (".inf", nil),
        ("yes", nil),
        ("off", nil), ("True", nil), ("~", nil), ("1.2.3", "1.2.3"), ("v1", "v1"), ("1h", "1h"), ("e5", "e5"),
        ("2024-01-01", "2024-01-01"), ("-", "-"), ("+", "+"), ("1e", "1e"), ("0xg", "0xg"), ("10.0.0.1", "10.0.0.1"),
        (".", "."), ("_1", "_1"),
    ])
    func `plain text that looks like a number or a boolean is no text`(text: String, expected: String?) {
        #expect(YAMLScalar(text: text, style: .plain).string == expected)
        #expect(YAMLScalar(text: text, style: .quoted).string == text)
    }

    @Test(arguments: ["[a,\n  b\n  ]", "[a\n  , b]", "{a: x,\n  b\n  : y\n  }", "{a: x\n  , b:\n  y}"])
    func `a line end before what ends a flow value is no part of it`(text: String) throws {
        let flow = try YAMLParser.documents(in: text.replacing("\n", with: " "))
        #expect(try YAMLParser.documents(in: text).map(YAMLEmitter.text) == flow.map(YAMLEmitter.text))
        #expect(!YAMLEmitter.text(of: flow[0]).contains(" \n"))
    }

    @Test func `plain text over several lines is printed so that it is read again`() throws {
        let text = YAMLEmitter.text(ofDocuments: try YAMLParser.documents(in: "a: one\n\n  two\nb: 1\n"))
        #expect(text == "---\na: \"one\\ntwo\"\nb: 1\n")
        #expect(YAMLEmitter.text(ofDocuments: try YAMLParser.documents(in: text)) == text)
    }

    @Test(arguments: 0..<300)
    func `what is written is read back`(seed: UInt64) throws {
        var random = DocumentGenerator(seed: seed)
        let node = YAMLNode.arbitrary(depth: 4, using: &random)
        let text = YAMLEmitter.text(ofDocuments: [node])
        #expect(try YAMLParser.documents(in: text).map(\.meaning) == [node.meaning], "\(text)")
    }

    @Test(arguments: 0..<200)
    func `no mutation of a document makes the parser fail otherwise than by an error`(seed: UInt64) {
        var random = DocumentGenerator(seed: seed)
        let node = YAMLNode.arbitrary(depth: 5, using: &random)
        for _ in 0..<20 {
            let text = random.mutation(of: YAMLEmitter.text(of: node))
            if let documents = try? YAMLParser.documents(in: text) { _ = YAMLEmitter.text(ofDocuments: documents) }
        }
    }
}

extension YAMLNode {
    /// The same without lines, and with all text in quotes.
    fileprivate var meaning: YAMLNode {
        switch content {
        case .scalar(let scalar):
            YAMLNode(.scalar(YAMLScalar(text: scalar.text, style: scalar.string == nil ? .plain : .quoted)))
        case .sequence(let items): YAMLNode(.sequence(items.map(\.meaning)))
        case .mapping(let entries):
            YAMLNode(
                .mapping(
                    entries.map {
                        YAMLEntry(key: YAMLScalar(text: $0.key.text, style: .quoted), value: $0.value.meaning)
                    }))
        }
    }

    /// One line: text in quotes if it had quotes, line ends as ⏎.
    var shown: String {
        switch content {
        case .scalar(let scalar):
            let text = scalar.text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "⏎")
            return scalar.style == .quoted ? "\"\(text)\"" : text
        case .sequence(let items): return "[" + items.map(\.shown).joined(separator: ",") + "]"
        case .mapping(let entries):
            return "{" + entries.map { "\"\($0.key.text)\":\($0.value.shown)" }.joined(separator: ",") + "}"
        }
    }
}
