import Drivers
import Foundation

/// Rings for records on a stream, as a publisher does after its commit.
/// - Parameters:
///   - stream: with its prefix.
///   - records: JSON, each.
public func ring(_ stream: String, type: String, _ records: [[UInt8]]) async throws {
    let redis = RedisConnection(try Services.redis())
    let body = records.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
    _ = try await RedisStreams(redis).add(
        to: stream,
        [
            StreamField("id", UUID().uuidString), StreamField("type", type),
            StreamField("at", "2026-11-22T12:00:00.000Z"),
            StreamField("body", "[\(body)]"),
        ])
    await redis.close()
}

/// What FLUSHALL does, to one world's keys alone.
public func flush(_ prefix: String) async throws {
    let redis = RedisConnection(try Services.redis())
    let keys = try await redis.command(["KEYS", RedisArgument(prefix + "*")])
    for key in keys.array ?? [] { try await redis.command(["DEL", RedisArgument(key.text ?? "")]) }
    await redis.close()
}

/// Runs the body with a file for `clock.file`: the daemons' clock runs on from an instant, `2026-11-22T12:00:00Z`.
public func withClockFile<Result>(at instant: String, _ body: (String) async throws -> Result) async throws -> Result {
    let file = FileManager.default.temporaryDirectory.appending(path: "clock-\(UUID().uuidString)")
    try Data(instant.utf8).write(to: file)
    do {
        let result = try await body(file.path)
        try FileManager.default.removeItem(at: file)
        return result
    } catch {
        try FileManager.default.removeItem(at: file)
        throw error
    }
}
