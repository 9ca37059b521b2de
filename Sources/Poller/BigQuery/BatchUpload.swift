import Core
import DaemonKit
import Drivers
import Reference

/// Brings a batch to BigQuery: whatever of it was done before, by whomever, goes on from there.
struct BatchUpload: Sendable {
    let pool: PostgresPool
    let store: LoadStore
    let client: BigQueryClient
    let dataset: String
    /// A body above this is sent in chunks of it.
    let chunkBytes: Int
    let now: @Sendable () -> Instant
    /// Told after each chunk how many bytes of how many are there.
    var progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

    /// How long one pass waits for a job that runs; the next one goes on waiting.
    var patience: Duration = .seconds(60)

    /// What becomes of a batch that is assigned or submitted.
    func bring(_ batch: LoadBatch) async throws -> LoadStep {
        if batch.state == .submitted {
            let step = try await settled(batch, try await client.job(batch.jobID))
            guard step == .send else { return step }
        }
        switch try await send(try await measured(batch)) {
        case .job(let job): return try await settled(batch, job)
        case .duplicate:
            guard let job = try await client.job(batch.jobID) else {
                throw BigQueryError.unreadable("a duplicate of job \(batch.jobID), which is not found")
            }
            return try await settled(batch, job)
        case .more, .gone: throw BigQueryError.notReached("the upload of \(batch.jobID) was given up and begins again")
        }
    }

    /// Waits for a job that runs.
    private func settled(_ batch: LoadBatch, _ job: BigQueryJobState?) async throws -> LoadStep {
        var step = LoadStep(after: job)
        let end = ContinuousClock.now + patience
        while step == .wait, ContinuousClock.now < end, !isStopping {
            await pauseUnlessStopping(.seconds(1))
            Watchdog.progressed()
            step = LoadStep(after: try await client.job(batch.jobID))
        }
        return step
    }

    /// Where rows are written in another format than when the batch was cut, their bytes are counted anew, and an upload begins anew.
    private func measured(_ batch: LoadBatch) async throws -> LoadBatch {
        guard batch.format != batch.table.format else { return batch }
        var measured = batch
        measured.format = batch.table.format
        measured.uploadURL = nil
        measured.bytes = 0
        var body = BatchBody(rows(of: batch), from: batch.from, through: batch.through)
        while let part = try await body.next(Self.bytesRead) { measured.bytes += part.count }
        return measured
    }

    private static let bytesRead = 4 << 20

    private func rows(of batch: LoadBatch) -> ExportRows {
        ExportRows(pool: pool, table: batch.table, days: batch.days, batchID: batch.id)
    }

    // MARK: Sending

    private func send(_ batch: LoadBatch) async throws -> BigQueryLoadAnswer {
        guard batch.bytes > chunkBytes else {
            try await store.submit(batch, uploadURL: nil, at: now())
            var body = BatchBody(rows(of: batch), from: batch.from, through: batch.through)
            let bytes = try await body.next(batch.bytes) ?? []
            try check(bytes.count, batch)
            return try await client.load(batch.load(into: dataset), rows: bytes)
        }
        if let url = batch.uploadURL {
            let answer = try await client.uploaded(of: batch.bytes, to: url)
            switch answer {
            case .more(let offset): return try await sendChunks(of: batch, from: offset, to: url)
            case .job, .duplicate: return answer
            case .gone: break
            }
        }
        try await store.submit(batch, uploadURL: nil, at: now())
        let url = try await client.beginUpload(batch.load(into: dataset), bytes: batch.bytes)
        try await store.submit(batch, uploadURL: url, at: now())
        return try await sendChunks(of: batch, from: 0, to: url)
    }

    /// Sends what has not arrived yet. The service may have kept less of a chunk than was sent: it says where to go on.
    private func sendChunks(of batch: LoadBatch, from first: Int, to url: String) async throws -> BigQueryLoadAnswer {
        var body = BatchBody(rows(of: batch), from: batch.from, through: batch.through)
        var offset = first
        try await body.skip(first)
        while offset < batch.bytes {
            if isStopping { throw CancellationError() }
            let chunk = try await body.next(chunkBytes) ?? []
            guard !chunk.isEmpty, offset + chunk.count <= batch.bytes else { throw LoadFault.otherBytes(batch.jobID) }
            let answer = try await client.upload(chunk, at: offset, of: batch.bytes, to: url)
            Watchdog.progressed()
            guard case .more(let next) = answer else {
                progress(batch.bytes, batch.bytes)
                return answer
            }
            guard next > offset, next <= offset + chunk.count else {
                throw BigQueryError.unreadable("\(next) bytes arrived of \(offset + chunk.count)")
            }
            body.giveBack(Array(chunk[(next - offset)...]))
            offset = next
            progress(offset, batch.bytes)
        }
        return .gone
    }

    private func check(_ count: Int, _ batch: LoadBatch) throws {
        guard count == batch.bytes else { throw LoadFault.otherBytes(batch.jobID) }
    }
}

/// The bytes of a batch, read as far as they are needed: big batches are never in memory as a whole.
struct BatchBody: Sendable {
    private let rows: ExportRows
    private let through: Int64
    private var after: Int64
    private var buffer: [UInt8] = []
    private var isRead = false

    init(_ rows: ExportRows, from: Int64, through: Int64) {
        self.rows = rows
        self.through = through
        after = from
    }

    /// The next bytes, so many where there are as many; nil behind the last one.
    mutating func next(_ count: Int) async throws -> [UInt8]? {
        try await fill(count)
        guard !buffer.isEmpty else { return nil }
        let part = Array(buffer.prefix(count))
        buffer.removeFirst(part.count)
        return part
    }

    /// Passes bytes that have arrived before.
    mutating func skip(_ count: Int) async throws {
        var left = count
        while left > 0 {
            try await fill(1)
            guard !buffer.isEmpty else { return }
            let part = min(left, buffer.count)
            buffer.removeFirst(part)
            left -= part
        }
    }

    /// Bytes that did not arrive come again.
    mutating func giveBack(_ bytes: [UInt8]) {
        if !bytes.isEmpty { buffer.insert(contentsOf: bytes, at: 0) }
    }

    private mutating func fill(_ count: Int) async throws {
        while buffer.count < count, !isRead {
            let page = try await rows.page(after: after, through: through)
            for line in page { buffer += line.json }
            if let last = page.last { after = last.number }
            isRead = page.count < ExportRows.pageRows
        }
    }
}

/// Why a batch cannot go on by itself.
enum LoadFault: Failure, Equatable {
    /// The rows of its range are not what they were when it was cut.
    case otherBytes(String)
    /// Its job failed.
    case jobFailed(String, reason: String)
    /// BigQuery took another number of rows than the batch has.
    case otherCount(String, expected: Int, got: Int64)

    var reason: String {
        switch self {
        case .otherBytes: "bigquery-other-bytes"
        case .jobFailed: "bigquery-job-failed"
        case .otherCount: "bigquery-other-count"
        }
    }

    var isTransient: Bool { false }
}
