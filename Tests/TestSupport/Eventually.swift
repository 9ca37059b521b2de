/// What was awaited did not come about in time.
public struct TookTooLong: Error, CustomStringConvertible {
    let what: String
    let limit: Duration

    public var description: String { "\(what): not within \(limit)" }
}

/// Waits until a condition holds; the limit is far beyond what it takes where nothing is wrong.
public func eventually(
    _ what: String = "what was awaited", within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TookTooLong(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(20))
    }
}
