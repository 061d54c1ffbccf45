import Controller

/// The tokens that are mounted into a pod's containers.
enum PodTokens {
    /// - Parameter folder: where the pod's mounts lie, each under the path that it is mounted at.
    static func files(of pod: Kubernetes.Pod, in folder: String) -> [TokenFile] {
        let containers = pod.spec.initContainers + pod.spec.containers
        let mounts = Set(containers.flatMap(\.volumeMounts)).sorted { $0.mountPath < $1.mountPath }
        return mounts.flatMap { mount in
            let place = mount.mountPath.split(separator: "/").joined(separator: "/")
            return pod.spec.tokenVolumes.filter { $0.name == mount.name && isInside(mount.mountPath) }.map { volume in
                TokenFile(
                    path: "\(folder)/\(place)/\(volume.path)",
                    audience: volume.audience.isEmpty ? TokenIssuer.audience : volume.audience,
                    lifetimeSeconds: volume.expirationSeconds)
            }
        }
    }

    /// It stays below the folder.
    private static func isInside(_ path: String) -> Bool { !path.split(separator: "/").contains("..") }
}
