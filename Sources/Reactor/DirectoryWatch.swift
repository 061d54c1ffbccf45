import CLinux
import Glibc

/// Tells that the files of a directory have changed (inotify(7)): written and closed, moved in or out, removed. A file that is
/// still being written is not told.
package struct DirectoryWatch: ~Copyable {
    package enum Change: Hashable, Sendable {
        /// These names, each once or more often.
        case files([String])
        /// More than the kernel could remember: look at everything.
        case overflow
        /// The directory itself is gone, and nothing more will be told.
        case gone
    }

    private let descriptor: Descriptor

    package init(_ path: String) throws(Errno) {
        let raw = inotify_init1(CInt(IN_NONBLOCK | IN_CLOEXEC))
        guard raw >= 0 else { throw .last }
        let watcher = Descriptor(owning: raw)
        let interest = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
        guard unsafe inotify_add_watch(raw, path, UInt32(interest | IN_ONLYDIR)) >= 0 else { throw .last }
        descriptor = watcher
    }

    /// What a reactor watches.
    package var raw: CInt { descriptor.raw }

    /// What has changed since the last call; nil when nothing has. Does not wait.
    package borrowing func change() throws(Errno) -> Change? {
        var names: [String] = []
        var hasOverflowed = false
        while case .bytes(let bytes) = try Bytes.read(raw, limitBytes: 16_384) {
            var rest = bytes[...]
            while let event = Event(taking: &rest) {
                if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { hasOverflowed = true }
                if event.mask & UInt32(IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF) != 0 { return .gone }
                if !event.name.isEmpty { names.append(event.name) }
            }
        }
        if hasOverflowed { return .overflow }
        return names.isEmpty ? nil : .files(names)
    }

    /// Waits until `change` has something to tell.
    package borrowing func wait() {
        var entry = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&entry, 1, -1)
    }

    /// struct inotify_event: wd, mask, cookie and len of four bytes each, in the order of the machine (all that we build for
    /// put the lowest first), then len bytes of name, padded with zeros.
    private struct Event {
        let mask: UInt32
        let name: String

        init?(taking bytes: inout ArraySlice<UInt8>) {
            guard bytes.count >= 16 else { return nil }
            func word(_ index: Int) -> UInt32 {
                bytes.dropFirst(4 * index).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
            }
            let length = Int(word(3))
            guard bytes.count >= 16 + length else { return nil }
            mask = word(1)
            name = String(decoding: bytes.dropFirst(16).prefix(length).prefix { $0 != 0 }, as: UTF8.self)
            bytes = bytes.dropFirst(16 + length)
        }
    }
}
