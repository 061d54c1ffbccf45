import Controller
import Testing

@testable import CommandLine

struct OutputTests {
    @Test func `columns are as wide as their widest cell, and an empty cell shows`() {
        let table = TextTable(titles: ["A", "LONG TITLE", "C"], rows: [["a long cell", "b", "c"], ["", "", ""]])
        #expect(
            table.text == """
                A             LONG TITLE   C
                a long cell   b            c
                -             -

                """)
    }

    @Test func `values stand below each other, several lines too`() {
        var fields = FieldList()
        fields.add("Name", "x")
        fields.add("Addresses", ["1.2.3.4", "::1"])
        fields.add("None", [])
        #expect(
            fields.text
                == "Name:       x\nAddresses:  1.2.3.4\n            ::1\nNone:       -\n".replacing(
                    ":  1", with: ":  1"))
    }

    @Test func `words of others cannot move the cursor, nor turn the text around`() {
        let table = TextTable(titles: ["A"], rows: [["\u{1b}[2Jgone\u{202e}txt\u{7f}\nx"]])
        #expect(table.text == "A\n\u{fffd}[2Jgone\u{fffd}txt\u{fffd}\u{fffd}x\n")
        #expect("grün → 日本".printable == "grün → 日本")
    }

    @Test func `YAML says the same as JSON`() {
        struct Answer: Encodable {
            let name = "yes"
            let number = 3
            let truth = true
            let list = ["a: b", "1"]
            let nothing: [Int] = []
        }
        #expect(
            StructuredText.yaml(Answer()) == """
                list:
                - "a: b"
                - "1"
                name: "yes"
                nothing: []
                number: 3
                truth: true

                """)
    }

    @Test(arguments: [
        (90, "90s"), (600, "10m"), (7200, "2h"), (86_399, "23h59m"), (200_000, "2d"), (0, "ended"), (-5, "ended"),
    ])
    func `what is left is told in the units that matter`(seconds: Int, text: String) {
        let end = Kubernetes.Timestamp(secondsSinceEpoch: 1_800_000_000 + seconds)
        #expect(TimeLeft.text(until: "\(end)", now: 1_800_000_000) == text)
        #expect(TimeLeft.text(until: nil, now: 0).isEmpty)
    }
}
