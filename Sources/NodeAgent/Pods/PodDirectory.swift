import Discovery
import Glibc
import Reactor

/// The directory with a file `<uid>.json` for each pod that is to be in the mesh. Thread-confined.
struct PodDirectory {
    let path: String

    /// What one file says.
    struct Entry: Equatable {
        let uid: String
        /// The pod, or what is wrong with its file.
        let pod: Result<PodRecord, NodeFileError>
    }

    /// What all files say now. Names that begin with a dot or do not end in `.json` are somebody else's.
    func read() throws(Errno) -> [Entry] {
        try Directory.names(in: path).filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.compactMap(entry)
    }

    /// Nil for a file that went meanwhile.
    private func entry(_ name: String) -> Entry? {
        let uid = String(name.dropLast(".json".count))
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try WholeFile.contents(of: "\(path)/\(name)", limitBytes: PodRecord.limitBytes)
        } catch {
            if error.code == ENOENT { return nil }
            return Entry(uid: uid, pod: .failure(NodeFileError("cannot be read: \(error)")))
        }
        return Entry(
            uid: uid,
            pod: Result { () throws(NodeFileError) in
                let pod = try PodRecord(json: bytes)
                guard pod.uid == uid else {
                    throw NodeFileError("uid is \"\(pod.uid)\", the file's name says \"\(uid)\"")
                }
                return pod
            })
    }
}
