// swift-tools-version:6.2
import PackageDescription

/// What every target of ours is compiled with.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// What we ship marks every unsafe expression; tests may call C as they like.
let shipped = house + [.strictMemorySafety()]

func room(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil, exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path ?? "Sources/\(name)", exclude: exclude,
        swiftSettings: shipped)
}

/// Nobody loads code into our programs, so they export nothing: close to a megabyte of names stays out of memory.
let closed = LinkerSetting.unsafeFlags(["-Xlinker", "--no-export-dynamic"], .when(configuration: .release))

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/Programs/\(name)", swiftSettings: shipped,
        linkerSettings: [closed])
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: house)
}

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let persistentMaps = Target.Dependency.product(name: "HashTreeCollections", package: "swift-collections")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let gRPC: [Target.Dependency] = [
    .product(name: "GRPCCore", package: "grpc-swift-2"),
    .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
]
let certificates = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let crypto: [Target.Dependency] = [
    .product(name: "Crypto", package: "swift-crypto"), .product(name: "_CryptoExtras", package: "swift-crypto"),
]
// As grpc-swift-nio-transport takes a server's certificate from.
let certificateReloading: [Target.Dependency] = [
    .product(name: "NIOCertificateReloading", package: "swift-nio-extras"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "slipstream",
    products: [
        .executable(name: "ztunnel", targets: ["ztunnel"]),
        .executable(name: "node-agent", targets: ["node-agent"]),
        .executable(name: "controller", targets: ["controller"]),
        .executable(name: "slipstream", targets: ["slipstream"]),
        .executable(name: "waypoint", targets: ["waypoint"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.24.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.29.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        // The C shore.
        .target(name: "CLinux", path: "Sources/CLinux"),
        .systemLibrary(name: "COpenSSL", path: "Sources/COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CNghttp2", path: "Sources/CNghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CMnl", path: "Sources/CMnl", providers: [.apt(["libmnl-dev"])]),
        .systemLibrary(name: "CNftnl", path: "Sources/CNftnl", providers: [.apt(["libnftnl-dev"])]),

        // Values, then machines, then programs.
        room("Mesh", [persistentMaps]),
        room("Reactor", ["CLinux", "Mesh"]),
        room("Netlink", ["CLinux", "CMnl", "CNftnl", "Mesh", "Reactor"]),
        room("HBONE", ["COpenSSL", "CNghttp2", "CLinux", "Mesh", "Reactor"]),
        // Not strict: what protoc's plugin writes marks nothing as unsafe.
        .target(
            name: "Discovery", dependencies: ["CLinux", "Mesh", protobuf],
            exclude: [
                "regenerate", "Authority/ca.proto", "Authority/trust.proto", "Delta/discovery.proto", "Node/node.proto",
                "Resources/authorization.proto", "Resources/workload.proto", "ZDS/zds.proto",
            ], swiftSettings: house),
        room("ZTunnel", ["Discovery", "HBONE", "Mesh", "Reactor"]),
        room("Waypoint", ["HBONE", "Mesh", "Reactor", "ZTunnel"]),
        room("NodeAgent", ["CLinux", "Discovery", "Mesh", "Netlink", "Reactor"]),
        room("Controller", ["Discovery", "Mesh"]),
        room(
            "ControlPlane",
            ["Controller", "Discovery", "Mesh", "Reactor", asn1, certificates, hummingbird, log] + gRPC + crypto
                + certificateReloading),
        room("Playground", ["Controller", "Discovery", "Mesh", "Reactor"] + crypto),

        room("CommandLine", ["Controller", "Discovery", "Mesh", "Playground", "Reactor"]),

        program("ztunnel", ["Mesh", "Reactor", "ZTunnel"]),
        program("waypoint", ["Mesh", "Reactor", "Waypoint", "ZTunnel"]),
        program("node-agent", ["Mesh", "NodeAgent", "Reactor", arguments]),
        program("controller", ["ControlPlane", "Controller", "Mesh", "Reactor", arguments]),
        program("slipstream", ["CommandLine", "Mesh", "Playground", arguments]),

        room(
            "TestNamespaces", ["CLinux", "Reactor"], path: "Tests/Support/Namespaces",
            exclude: ["conversation.py", "half_close.py", "past_capture.py", "proxy.py"]),
        .target(
            name: "TestCertificates", dependencies: ["HBONE", "Mesh"], path: "Tests/Support/Certificates",
            swiftSettings: house),
        .target(
            name: "FuzzEntries",
            dependencies: [
                "Controller", "Discovery", "HBONE", "Mesh", "Netlink", "NodeAgent", "Reactor", "TestCertificates",
                "ZTunnel",
            ],
            path: "Fuzz/Entries", swiftSettings: house),
        tests("FuzzTests", ["FuzzEntries"]),
        tests("Scenarios", ["Discovery", "Mesh", "Reactor"] + crypto),
        tests("MeshTests", ["Mesh"]),
        tests("ZTunnelTests", ["ZTunnel", "CLinux", "Discovery", "HBONE", "Mesh", "Reactor", "TestCertificates"]),
        tests("DiscoveryTests", ["Discovery", "Mesh", protobuf]),
        tests("NetlinkTests", ["Netlink", "Mesh", "Reactor", "TestNamespaces"]),
        tests(
            "NodeAgentTests", ["node-agent", "NodeAgent", "Discovery", "Mesh", "Netlink", "Reactor", "TestNamespaces"]),
        tests("ReactorTests", ["Reactor", "Mesh"]),
        tests("HBONETests", ["CLinux", "HBONE", "Mesh", "Reactor", "TestCertificates"]),
        tests("ControllerTests", ["Controller", "Discovery", "Mesh"]),
        tests(
            "ControlPlaneTests",
            ["ControlPlane", "Controller", "Discovery", "Mesh", "Reactor", asn1, certificates] + crypto),
        tests("CommandLineTests", ["CommandLine", "Controller", "Mesh", "Playground"]),
        tests("PlaygroundTests", ["Playground", "ControlPlane", "Controller", "Mesh", "Reactor"]),
    ]
)

// The fuzzer links only with libFuzzer, so that it is there only for whoever brings that (script/fuzz).
if Context.environment["SLIPSTREAM_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CFuzzer", "FuzzEntries"], path: "Fuzz/Driver", swiftSettings: house),
    ]
}
