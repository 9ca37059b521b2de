import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

/// The tutorial's day, record by record: what an independent reading of the rules expects of each (`expected_records.jsonl`), among
/// them every captured record of a real switch and a real gateway.
@Suite("The tutorial's day")
struct TutorialDayTests {
    static let folder = URL(filePath: TestDatabase.repositoryRoot).appending(path: "Tests/Fixtures/tutorial")

    @Test("every record offered ends in the status and amounts that the rules give it")
    func everyRecord() throws {
        let snapshot = try ReferenceDirectory(path: Self.folder.path).snapshot()
        let expected = try Self.lines("expected_records.jsonl")
        var day = TutorialDay(snapshot: snapshot)
        for step in try Self.json("traffic/manifest.json").elements ?? [] {
            let file = try #require(step["file"]?.string)
            let body = try Data(contentsOf: Self.folder.appending(path: "traffic/\(file)"))
            let clock = try #require(step["clock"]?.string.flatMap { Instant(parsing: $0) })
            day.take(file, Array(body), clock: clock)
        }
        #expect(day.outcomes.count == expected.count)
        for expectation in expected {
            let place = "\(expectation["file"]?.string ?? "")#\(expectation["record"]?.integer ?? 0)"
            let outcome = try #require(day.outcome(at: place), "\(place) is missing")
            for (name, value) in outcome where expectation[name] != nil {
                #expect(expectation[name] == value, "\(place) \(name)")
            }
        }
    }

    static func json(_ path: String) throws -> Core.JSONValue {
        try Core.JSONValue(parsing: Array(try Data(contentsOf: folder.appending(path: path))))
    }

    static func lines(_ path: String) throws -> [Core.JSONValue] {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8).split(separator: "\n").map {
            try Core.JSONValue(parsing: String($0))
        }
    }
}

/// Door and rater in one, without a database: first seen wins (rule G8).
private struct TutorialDay {
    let snapshot: RatingSnapshot
    var outcomes: [String: [String: Core.JSONValue]] = [:]
    private var seen: [Identifier128: Identifier128] = [:]
    private var calls: [String: RatedUsage] = [:]
    private var attempts: [String: VendorAttempt] = [:]

    init(snapshot: RatingSnapshot) {
        self.snapshot = snapshot
    }

    mutating func take(_ file: String, _ body: [UInt8], clock: Instant) {
        do throws(JSONFault) {
            for (index, element) in try JSONRecords(parsing: body).enumerated() {
                take(element, at: "\(file)#\(index + 1)", clock: clock)
            }
        } catch {
            outcomes["\(file)#1"] = ["verdict": .string("rejected"), "reason": .string("NOT_JSON")]
        }
    }

    private mutating func take(_ element: JSONRecords.Element, at place: String, clock: Instant) {
        do throws(UnreadableRecord) {
            let reading = try RecordReader.read(element)
            if let first = seen[reading.keyHash] {
                outcomes[place] = first == reading.contentHash ? TutorialDay.repeated : TutorialDay.conflict
                return
            }
            seen[reading.keyHash] = reading.contentHash
            outcomes[place] = outcome(of: reading.record, at: place, clock: clock)
        } catch {
            outcomes[place] = ["verdict": .string("rejected")]
        }
    }

    private static let repeated: [String: Core.JSONValue] = ["verdict": .string("repeat")]
    private static let conflict: [String: Core.JSONValue] = [
        "verdict": .string("accepted"), "status": .string("held"),
        "flags": .array([.string(Flag.duplicateConflict.name)]), "charge": .null,
    ]

    private mutating func outcome(of record: UsageRecord, at place: String, clock: Instant) -> [String: Core.JSONValue]
    {
        switch record {
        case .call(let call):
            let usage = snapshot.rate(call, received: clock)
            calls[call.sipUUID] = usage
            return fields(of: usage)
        case .message(let message):
            return message.isFinal
                ? fields(of: snapshot.rate(message, received: clock)) : ["status": .string("evidence")]
        case .query(let query): return fields(of: snapshot.rate(query, received: clock))
        case .receipt: return ["status": .string("dlr")]
        case .attempt(let attempt):
            attempts[place] = attempt
            return ["status": .string("attempt")]
        }
    }

    /// Attempts are priced when all calls are known.
    func outcome(at place: String) -> [String: Core.JSONValue]? {
        guard let attempt = attempts[place] else { return outcomes[place] }
        guard let call = calls[attempt.sipUUID] else { return ["class_key": .null, "vendor_cost": .null] }
        let price = snapshot.tables.vendorPrice(of: attempt, call: call)
        return [
            "class_key": text(call.classKey?.text),
            "billed_seconds": price.billedSeconds.map { .number(String($0)) } ?? .null,
            "vendor_rate": text(price.rate?.text),
            "vendor_cost": text(price.cost?.text(.charge)),
            "flags": .array(price.isWithoutRate ? [.string(Flag.noVendorRate.name)] : []),
        ]
    }

    private func fields(of usage: RatedUsage) -> [String: Core.JSONValue] {
        var fields: [String: Core.JSONValue] = [
            "verdict": .string("accepted"),
            "status": .string(usage.status.rawValue),
            "flags": .array(usage.flags.names.map { .string($0) }),
            "customer_ban": text(usage.customerBAN?.text),
            "class_key": text(usage.classKey?.text),
            "tax_jurisdiction": .string(usage.taxJurisdiction.rawValue),
            "rate_plan_id": text(usage.ratePlanID),
            "charge": text(usage.charge?.text(.charge)),
            "vendor_rate": text(usage.vendorRate?.text),
            "vendor_cost": text(usage.vendorCost?.text(.charge)),
        ]
        if let call = usage.call {
            fields["jurisdiction"] = .string(call.jurisdiction.rawValue)
            fields["billed_seconds"] = call.billedSeconds.map { .number(String($0)) } ?? .null
        }
        if let units = usage.message?.units ?? usage.query?.units { fields["units"] = .number(String(units)) }
        return fields
    }

    private func text(_ value: String?) -> Core.JSONValue { value.map(Core.JSONValue.string) ?? .null }
}
