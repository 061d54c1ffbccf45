import Mesh
import Testing

@testable import Discovery

struct NodeFileTests {
    static let text = #"""
        {"uid":"u-1","name":"web","namespace":"shop","serviceAccount":"web","netns":"/run/netns/x",
         "ips":["10.244.1.2","fd00::2"],"bypassInboundCapture":true}
        """#

    @Test func `a pod file is read, and written again`() throws {
        let pod = try PodRecord(json: Array(Self.text.utf8))
        #expect(pod.uid == "u-1" && pod.fileName == "u-1.json")
        #expect(pod.ips == [try #require(IPAddress("10.244.1.2")), try #require(IPAddress("fd00::2"))])
        #expect(pod.bypassesInboundCapture)
        #expect(try PodRecord(json: pod.json) == pod)
    }

    @Test(arguments: [
        ("\"name\":\"web\",", "", "name has 0 bytes"),
        ("\"netns\"", "\"network\"", "network"),
        ("/run/netns/x", "run/netns/x", "netns is not an absolute path"),
        ("10.244.1.2", "10.244.1", "ips has \"10.244.1\""),
        ("u-1", "../u", "uid is not"),
        ("u-1", "", "uid is not"),
        ("true}", "true", "not a pod in JSON"),
        ("true}", "\"yes\"}", "not a pod in JSON"),
    ])
    func `a file that is wrong is refused by what is wrong`(piece: String, replacement: String, reason: String) throws {
        let range = try #require(Self.text.firstRange(of: piece))
        let text = Self.text.replacingCharacters(range, with: replacement)
        let error = #expect(throws: NodeFileError.self) { try PodRecord(json: Array(text.utf8)) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func `a status has each of its fields, also when it is empty`() throws {
        let status = PodStatus(uid: "u-1", state: .enabled)
        #expect(String(decoding: status.json, as: UTF8.self) == #"{"uid":"u-1","state":"enabled","message":""}"#)
        #expect(try PodStatus(json: status.json) == status)
        for count in [0, 3, UInt32.max] {
            let counted = PodStatus(uid: "u-1", state: .enabled, olderConnections: count)
            #expect(String(decoding: counted.json, as: UTF8.self).contains(#""olderConnections":\#(count)}"#))
            #expect(try PodStatus(json: counted.json) == counted)
        }
    }
}

extension String {
    fileprivate func replacingCharacters(_ range: Range<Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
