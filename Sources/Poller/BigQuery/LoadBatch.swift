import Core
import Drivers
import Reference

/// A batch of rows on its way to BigQuery: all rows of a table in a range of numbers, and the job that loads them.
struct LoadBatch: Sendable {
    enum State: Sendable, Equatable {
        /// It has its job id, and nothing of it was sent.
        case assigned
        /// It may have been sent: what became of it only the service knows.
        case submitted
        /// It is in BigQuery.
        case loaded
        /// Its job failed as a whole, so nothing of it is there; the next attempt has an id of its own.
        case failed(retryAt: Instant)
    }

    let id: Identifier128
    let table: ExportTable
    /// The numbers above the first and up to the second.
    let from: Int64
    let through: Int64
    let days: [UsageDay]
    let rows: Int
    /// Σ charge, or Σ cost of attempts.
    let amount: Money
    var bytes: Int
    var format: String
    var attempt = 1
    var state = State.assigned
    /// Where the upload in chunks goes on.
    var uploadURL: String?
    /// What the service said of the last attempt that failed.
    var failure: String?

    /// `rated_cdr_v1_05d57398-…_a1`: never used for anything but this attempt.
    var jobID: String { "\(table.rawValue)_v1_\(id.text)_a\(attempt)" }

    func load(into dataset: String) -> BigQueryLoad {
        BigQueryLoad(jobID: jobID, dataset: dataset, table: table.rawValue)
    }
}

/// What a batch needs next, by what is known of its job.
enum LoadStep: Sendable, Equatable {
    /// Its rows are (still) to be sent, under the same job id.
    case send
    /// The job runs: ask again later.
    case wait
    /// All of it is there.
    case record(rows: Int64?)
    /// None of it is there and never will be under that id: it waits, then goes out under the next one.
    case giveUp(reason: String, message: String, pauseSeconds: Int)

    /// - Parameter job: what the service says of the batch's job; nil when it knows none of that id, so it was never created.
    init(after job: BigQueryJobState?) {
        switch job {
        case nil: self = .send
        case .running: self = .wait
        case .loaded(let rows): self = .record(rows: rows)
        case .failed(let reason, let message):
            self = .giveUp(reason: reason, message: message, pauseSeconds: Self.pause(after: reason))
        }
    }

    /// Failed jobs count against the day's allowance too, so only the service's own faults are tried again soon.
    private static func pause(after reason: String) -> Int {
        switch reason {
        case "backendError", "internalError", "jobBackendError", "jobInternalError", "tableUnavailable", "timeout",
            "stopped":
            5
        case "rateLimitExceeded", "jobRateLimitExceeded": 30
        default: 600
        }
    }
}
