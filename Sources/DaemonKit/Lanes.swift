/// Works on items in their order, at most `lanes` at once.
///
/// After a failure no further item is begun; it is thrown when those under way have ended, so that none of them is torn down in the
/// middle of its transaction. Cancellation reaches them at once.
public func inLanes<Item: Sendable>(
    _ lanes: Int, _ items: some Sequence<Item>, work: @escaping @Sendable (Item) async throws -> Void
) async throws {
    precondition(lanes > 0, "work needs a lane")
    let failure = await withTaskGroup(of: (any Error)?.self) { group in
        var waiting = items.makeIterator()
        func begin() {
            guard let item = waiting.next() else { return }
            group.addTask {
                do {
                    try await work(item)
                    return nil
                } catch {
                    return error
                }
            }
        }
        for _ in 0..<lanes { begin() }
        var first: (any Error)?
        for await failure in group {
            first = first ?? failure
            if first == nil { begin() }
        }
        return first
    }
    if let failure { throw failure }
}
