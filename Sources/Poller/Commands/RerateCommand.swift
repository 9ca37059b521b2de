import ArgumentParser
import Core
import DaemonKit
import Drivers
import Foundation
import LiveReference
import Reference
import Synchronization

/// `poller rerate`: what stored usage would cost by the tables in force, and its corrections.
struct RerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerate",
        abstract: "Rates stored usage again: a preview, a second person's approval, corrections.",
        discussion: """
            A preview touches no usage. Applying it appends two rows for each record that changes: one takes the old rating back,
            the other has the new one. The wallet posts them, and open invoices bill them as late usage.

            Examples:
              poller rerate --preview --from 2026-11-01 --to 2026-11-15 --csv calls.csv --html preview.html
              poller rerate --preview --from 2026-11-01 --to 2026-11-30 --customer BAN100001 --plan retail-a
              poller rerate --show 6e0f6a54-6d3c-4d0f-9d53-0d7f1c9f4a55
              poller rerate --approve 6e0f6a54-6d3c-4d0f-9d53-0d7f1c9f4a55 --by bob
              poller rerate --apply 6e0f6a54-6d3c-4d0f-9d53-0d7f1c9f4a55 --by ada
            """)

    @ArgumentParser.Flag(help: "Makes a preview of the days from --from to --to.") var preview = false
    @Option(help: "Shows a preview again.") var show: String?
    @Option(help: "Approves a preview that somebody else made.") var approve: String?
    @Option(help: "Writes the corrections of a preview.") var apply: String?
    @Option(help: "The first UTC day, such as 2026-11-01.") var from: String?
    @Option(help: "The last UTC day.") var to: String?
    @Option(help: "Only this customer, by account number.") var customer: String?
    @Option(help: "Only what this plan priced.") var plan: String?
    @Option(help: "Writes every record that changes to this file.") var csv: String?
    @Option(help: "Writes a page with a chart to this file.") var html: String?
    @Option(help: "Who, as the audit trail names them (default: the user's name).") var by: String?
    @OptionGroup var options: DaemonOptions

    func validate() throws {
        let asked = [preview, show != nil, approve != nil, apply != nil].count { $0 }
        guard asked == 1 else { throw ValidationError("one of --preview, --show, --approve and --apply is needed") }
        if preview { _ = try scope() }
        for id in [show, approve, apply].compactMap({ $0 }) where Identifier128(parsing: id) == nil {
            throw ValidationError("\(id) is no id of a preview")
        }
    }

    func run() async throws {
        do {
            try await PollerCommand.daemon.once(options) { try await run(in: $0) }
        } catch let refusal as RerateRefusal {
            FileHandle.standardError.write(Data("\(refusal)\n".utf8))
            throw ExitCode(65)
        }
    }

    private var actor: String { by ?? NSUserName() }

    private func run(in context: DaemonContext) async throws {
        let now = Instant(milliseconds: context.clock.now())
        let store = PreviewStore(pool: context.pool)
        if preview {
            let made = try await ReratePreview(pool: context.pool, rerating: try await rerating(context))
                .make(try scope(), by: actor, at: now) { Self.show($0, $1, $2) }
            try await show(try await store.preview(made), context)
        } else if let found = try await named(show, store) {
            try await show(found, context)
        } else if let found = try await named(approve, store) {
            try await store.approve(found, by: actor, at: now)
            print("approved: poller rerate --apply \(found.id.text)")
        } else if let found = try await named(apply, store) {
            try await apply(found, context, at: now)
        }
    }

    private func named(_ id: String?, _ store: PreviewStore) async throws -> PreviewRow? {
        guard let id = id.flatMap({ Identifier128(parsing: $0) }) else { return nil }
        return try await store.preview(id)
    }

    private func apply(_ preview: PreviewRow, _ context: DaemonContext, at now: Instant) async throws {
        guard !preview.isApplied else {
            print("applied already, by \(preview.appliedBy ?? ""): nothing to do")
            return
        }
        try preview.checkApproval(above: Money(units: Int64(context.config[PollerConfig.rerateApproval]) * 10_000_000))
        let apply = RerateApply(pool: context.pool, rerating: try await rerating(context))
        let report = try await apply.apply(preview, by: actor, at: now)
        print("\(report.corrected) records corrected")
        if report.repeats > 0 { print("\(report.repeats) had been corrected by an earlier run") }
        if report.unpriced > 0 { print("\(report.unpriced) have no price any more and stay as they are") }
    }

    private func rerating(_ context: DaemonContext) async throws -> Rerating {
        let reference = context.reference
        return Rerating(enricher: Enricher(), tables: try await reference.tables())
    }

    private func show(_ preview: PreviewRow, _ context: DaemonContext) async throws {
        let report = try await RerateReport.read(preview, from: context.pool)
        print(report.text)
        if let csv {
            let file = try LineFile(path: csv)
            file.write(CSVText.line(RerateLine.titles))
            try await RerateLine.forEach(of: preview, from: context.pool) { lines in
                file.write(lines.map(\.csv).joined())
            }
            print("\(csv): every record")
        }
        if let html {
            let largest = Mutex<[RerateLine]>([])
            try await RerateLine.forEach(of: preview, largest: ReratePage.listed, from: context.pool) { lines in
                largest.withLock { $0 += lines }
            }
            let page = ReratePage(report: report, largest: largest.withLock { $0 })
            try Data(page.html.utf8).write(to: URL(filePath: html))
            print("\(html): a page to look at")
        }
    }

    private func scope() throws -> RerateScope {
        guard let from = from.flatMap({ UsageDay(parsing: $0) }), let to = to.flatMap({ UsageDay(parsing: $0) }) else {
            throw ValidationError("--from and --to are days such as 2026-11-01")
        }
        guard from <= to else { throw ValidationError("--from comes after --to") }
        return RerateScope(days: from...to, customerBAN: customer, ratePlan: plan)
    }

    private static func show(_ done: Int, _ total: Int, _ records: Int) {
        guard isatty(2) == 1 else { return }
        let end = done == total ? "\n" : ""
        FileHandle.standardError.write(Data("\r\(done)/\(total) days, \(records) records\(end)".utf8))
    }
}

/// A file that is written chunk by chunk.
private struct LineFile: Sendable {
    private let handle: FileHandle

    init(path: String) throws {
        try Data().write(to: URL(filePath: path))
        handle = try FileHandle(forWritingTo: URL(filePath: path))
    }

    func write(_ text: String) { handle.write(Data(text.utf8)) }
}
