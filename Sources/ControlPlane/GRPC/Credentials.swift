import GRPCCore

/// Who calls: by the bearer token that comes with each call. Fails closed.
struct Credentials: Sendable {
    let tokens: any TokenAuthenticator
    let metrics: ControllerMetrics

    /// - Throws: why not; the reason is for the log.
    func caller(_ metadata: Metadata) async throws(TokenRefusal) -> Caller {
        do throws(TokenRefusal) {
            guard let token = Self.token(in: metadata) else { throw .missing }
            return try await tokens.caller(with: token)
        } catch {
            metrics.count(error)
            throw error
        }
    }

    private static let scheme = "bearer "

    private static func token(in metadata: Metadata) -> String? {
        var values = metadata[stringValues: "authorization"].makeIterator()
        // Two would leave open which one counts.
        guard let value = values.next(), values.next() == nil,
            value.prefix(scheme.count).lowercased() == scheme
        else { return nil }
        return String(value.dropFirst(scheme.count))
    }

    /// All that a caller learns.
    static let refused = RPCError(code: .unauthenticated, message: "not authenticated")
}
