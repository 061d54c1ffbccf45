import Foundation
import Glibc
import Reactor

/// `slipstream playground up`: makes a world and keeps it until a signal ends it.
package struct Up {
    /// A directory; nil for the project's own example, whose claims are then proved.
    private let manifests: String?
    private let nodes: Int
    private let layout = Layout.standard
    private let programs = ProgramFolder.path

    package init(manifests: String?, nodes: Int) {
        self.manifests = manifests
        self.nodes = nodes
    }

    /// Runs the world in this process. Returns the exit status: 0 when all that was claimed was proved.
    package func run() throws -> Int32 {
        try run(
            display: Terminal.isTerminal(1)
                ? Screen(isColoured: Self.wantsColour) : PlainDisplay(showsConnections: true))
    }

    /// The same behind `--detach`, where nobody watches and what is said goes to a file.
    package func runInBackground() throws -> Int32 { try run(display: PlainDisplay(showsConnections: false)) }

    /// Starts the world in the background and returns once it is in force, or is not going to be.
    package func detach() throws -> Int32 {
        let folder = try folder()
        guard try WorldLock.take(layout) != nil else { throw Self.another(layout) }
        return try Detachment(layout: layout, manifests: manifests == nil ? nil : folder, nodes: nodes).run()
    }

    private func run(display: any Display) throws -> Int32 {
        let folder = try folder()
        guard let lock = try WorldLock.take(layout) else { throw Self.another(layout) }
        try lock.sign()
        try refuseStrangers()
        // What a world that was killed has left.
        let problems = Remains.remove(layout, isReplaced: true)
        guard problems.isEmpty else { throw CommandFailure(problems.joined(separator: "\n")) }
        defer { _ = Remains.remove(layout) }
        let failures = Preflight.failures(layout: layout, programs: programs)
        guard failures.isEmpty else { throw CommandFailure(failures.map(\.description).joined(separator: "\n")) }
        // A pipe without a reader is told by the error of the write.
        signal(SIGPIPE, SIG_IGN)
        return try live(in: folder, display: display) ? 0 : 1
    }

    /// From the first look at the manifests to the end; whether all claims held.
    private func live(in folder: String, display: any Display) throws -> Bool {
        defer { display.end() }
        let settings = World.Settings(manifests: folder, nodes: nodes, programs: programs, layout: layout)
        let world = try World(settings, display: display)
        try world.firstLook()
        if manifests == nil { world.prove(Proofs(ShopClaim.all, display: display)) }
        try world.build()
        return try world.run()
    }

    /// A world that was killed has left its journal. Namespaces of our names without one may be somebody's.
    private func refuseStrangers() throws {
        let namespaces = Remains.find(layout).namespaces
        guard !namespaces.isEmpty, Journal.read(path: layout.journal).isEmpty else { return }
        try? FileManager.default.removeItem(atPath: layout.root)
        throw CommandFailure(
            """
            network namespaces of these names are there already: \(namespaces.joined(separator: ", "))
                → if nobody needs them, remove them with: slipstream playground down
            """)
    }

    // MARK: Where things are

    private func folder() throws -> String {
        guard geteuid() == 0 else {
            throw CommandFailure("up needs root, to make network namespaces; run it with sudo")
        }
        guard (1...AddressPlan.nodeLimit).contains(nodes) else {
            throw CommandFailure("--nodes: expected a number from 1 to \(AddressPlan.nodeLimit), found \(nodes)")
        }
        let path = manifests ?? ProgramFolder.example
        guard let path else {
            throw CommandFailure(
                "the example's manifests are not beside this program; give a directory with --manifests")
        }
        let url = URL(filePath: path, directoryHint: .isDirectory).standardizedFileURL
        guard (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true else {
            throw CommandFailure("--manifests: expected a directory, found none at \(path)")
        }
        return url.path
    }

    private static var wantsColour: Bool {
        (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }

    private static func another(_ layout: Layout) -> CommandFailure {
        let holder = WorldLock.holder(layout).map { " (process \($0.identifier))" } ?? ""
        return CommandFailure(
            """
            a playground is running already\(holder); there can be one on a machine
                → look at it with: slipstream playground status
                → remove it with: slipstream playground down
            """)
    }
}

/// Where this program and the mesh's stand.
enum ProgramFolder {
    static var own: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/proc/self/exe"
    }

    static var path: String { URL(filePath: own).deletingLastPathComponent().path }

    /// `Examples/shop` in one of the directories above the program, or where the caller stands.
    static var example: String? {
        var folder = URL(filePath: own).deletingLastPathComponent()
        var candidates: [String] = []
        while folder.path != "/" {
            candidates.append(folder.path)
            folder.deleteLastPathComponent()
        }
        candidates.append(FileManager.default.currentDirectoryPath)
        return candidates.map { "\($0)/Examples/shop" }.first(where: FileManager.default.fileExists)
    }
}
