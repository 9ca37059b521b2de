import Synchronization
import TestSupport
import Testing

@testable import DaemonKit

private struct Broken: Error {}

@Suite("Lanes")
struct LanesTests {
    /// What happened to the items.
    private final class Seen: Sendable {
        private struct State {
            var begun: [Int] = []
            var ended: [Int] = []
            var most = 0
        }
        private let state = Mutex(State())

        func begin(_ item: Int) {
            state.withLock { state in
                state.begun.append(item)
                state.most = max(state.most, state.begun.count - state.ended.count)
            }
        }

        func end(_ item: Int) { state.withLock { $0.ended.append(item) } }

        var begun: [Int] { state.withLock { $0.begun } }
        var ended: Set<Int> { Set(state.withLock { $0.ended }) }
        var most: Int { state.withLock { $0.most } }
    }

    @Test("every item is worked on once, never more at a time than there are lanes", arguments: [1, 3, 200])
    func bounded(lanes: Int) async throws {
        let seen = Seen()
        try await inLanes(lanes, 0..<100) { item in
            seen.begin(item)
            await Task.yield()
            seen.end(item)
        }
        #expect(seen.begun.sorted() == Array(0..<100))
        #expect(seen.ended.count == 100)
        #expect(seen.most <= lanes)
    }

    @Test("one lane goes by the items' order")
    func inOrder() async throws {
        let seen = Seen()
        try await inLanes(1, [4, 2, 9]) { item in
            seen.begin(item)
            seen.end(item)
        }
        #expect(seen.begun == [4, 2, 9])
    }

    @Test("lanes fill up: as many items are under way at once as there are lanes")
    func full() async throws {
        let seen = Seen()
        try await inLanes(3, 0..<3) { item in
            seen.begin(item)
            try await eventually("three at once") { seen.most == 3 }
            seen.end(item)
        }
        #expect(seen.most == 3)
    }

    @Test("after a failure no item is begun, those under way end, and the failure is thrown")
    func failure() async throws {
        let seen = Seen()
        await #expect(throws: Broken.self) {
            try await inLanes(2, 0..<10) { item in
                seen.begin(item)
                if item == 0 {
                    try await eventually("the other lane works") { seen.begun.count == 2 }
                    throw Broken()
                }
                try await Task.sleep(for: .milliseconds(50))
                seen.end(item)
            }
        }
        #expect(seen.begun.sorted() == [0, 1])
        #expect(seen.ended == [1])
    }

    @Test("nothing to do is done")
    func nothing() async throws {
        let seen = Seen()
        try await inLanes(3, [Int]()) { seen.begin($0) }
        #expect(seen.begun.isEmpty)
    }
}
