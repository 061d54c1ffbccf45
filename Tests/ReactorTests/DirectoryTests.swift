import Glibc
import Testing

@testable import Reactor

struct DirectoryTests {
    @Test func `a file is replaced whole, and leaves nothing beside it`() throws {
        let path = "/tmp/nat-directory-\(getpid())"
        #expect(mkdir(path, 0o700) == 0)
        try Directory.replace("b", in: path, with: [UInt8](repeating: 7, count: 100_000))
        try Directory.replace("b", in: path, with: [1, 2])
        #expect(try WholeFile.contents(of: path + "/b", limitBytes: 10) == [1, 2])
        #expect(try Directory.names(in: path) == ["b"])
        for _ in 0..<2 { try Directory.remove("b", in: path) }
        #expect(try Directory.names(in: path).isEmpty)
        #expect(rmdir(path) == 0)
        #expect(throws: Errno(code: ENOENT)) { try Directory.names(in: path) }
    }
}
