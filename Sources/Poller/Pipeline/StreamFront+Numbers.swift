import Core
import DaemonKit

extension StreamFront {
    /// The first number that consumers have still to handle; nil where there is none, or Redis does not say.
    func firstNumber(of kind: FactKind) async -> Int64? {
        do {
            guard let body = try await oldestOpen() else { return nil }
            return try UsageSpan.parse(body: body).filter { $0.kind == kind }.map { $0.first }.min()
        } catch {
            // Without Redis, or with an entry that nobody can read, the sweep has everything to do itself.
            return nil
        }
    }
}
