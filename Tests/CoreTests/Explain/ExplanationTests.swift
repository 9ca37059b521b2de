import BigInt
import Core
import Foundation
import Reference
import TestSupport
import Testing

@testable import BillingCtl

@Suite("Explanations agree with rating")
struct ExplanationTests {
    @Test(
        "the last step of every public case is the amount that was rated, and its fraction rounds to it",
        arguments: [("voice", "voice"), ("messages", "message"), ("api", "api")])
    func vectors(file: String, kind: String) throws {
        let snapshot = try ReferenceDirectory(path: VectorFiles.directory.appending(path: "ref").path).snapshot()
        var rated = 0
        for vector in try VectorFiles.cases(file) where vector["kind"]?.string == kind {
            let name = vector["id"]?.string ?? ""
            let input = try #require(vector["input"])
            let explanation =
                switch kind {
                case "voice": snapshot.tables.explain(ConformanceRecords.call(input))
                case "message": snapshot.tables.explain(ConformanceRecords.message(input))
                default: snapshot.tables.explain(ConformanceRecords.query(input))
                }
            rated += explanation.usage?.status == .rated ? 1 : 0
            #expect(explanation.usage?.charge?.text(.charge) == vector["expect"]?["charge"]?.string, "\(name)")
            Self.check(explanation, name)
        }
        #expect(rated >= 3)
    }

    @Test("so it is for every record of the tutorial's day")
    func tutorial() throws {
        let folder = URL(filePath: TestDatabase.repositoryRoot).appending(path: "Tests/Fixtures/tutorial")
        let snapshot = try ReferenceDirectory(path: folder.path).snapshot()
        let manifest = try String(contentsOf: folder.appending(path: "traffic/manifest.json"), encoding: .utf8)
        var statuses: [UsageStatus: Int] = [:]
        for step in try JSONValue(parsing: manifest).elements ?? [] {
            let file = try #require(step["file"]?.string)
            let clock = step["clock"]?.string.flatMap { Instant(parsing: $0) }
            let options = try RecordOptions.parse(clock.map { ["--received", $0.text] } ?? [])
            let body = Array(try Data(contentsOf: folder.appending(path: "traffic/\(file)")))
            for (index, record) in Self.records(in: body, options).enumerated() {
                guard let explanation = snapshot.explain(record, received: clock) else { continue }
                let status = try #require(explanation.usage?.status)
                statuses[status, default: 0] += 1
                Self.check(explanation, "\(file)#\(index + 1)")
            }
        }
        #expect(statuses[.rated, default: 0] > 500)
        #expect(statuses.keys.count == 4)
    }

    private static func records(in body: [UInt8], _ options: RecordOptions) -> [UsageRecord] {
        OfflineExplainer.elements(of: body).compactMap { element in
            do throws(UnreadableRecord) {
                return try options.record(element)
            } catch {
                return nil
            }
        }
    }

    /// What holds for every explanation.
    private static func check(_ explanation: Explanation, _ name: String) {
        guard let usage = explanation.usage else { return }
        let charge = explanation.step(.charge)
        let cost = explanation.step(.cost)
        if usage.status == .rated {
            #expect(charge?["charge"]?.string == usage.charge?.text(.charge), "\(name) charge")
        } else if usage.status == .held || usage.status == .unrated {
            #expect(charge == nil || usage.flags.contains(.amountOverflow), "\(name) has no charge")
            #expect(explanation.step(.outcome) != nil || explanation.step(.plan) != nil, "\(name) says why")
        }
        if let cost, usage.vendorCost != nil {
            #expect(cost["cost"]?.string == usage.vendorCost?.text(.charge), "\(name) cost")
        }
        for (step, amount) in [(charge, usage.charge), (cost, usage.vendorCost)] {
            guard let fraction = step?["before_rounding_fraction"]?.string, let amount else { continue }
            #expect(rounded(fraction) == BigInt(amount.units / 100), "\(name): \(fraction)")
        }
        #expect(
            explanation.step(.margin)?["margin"]?.string == usage.margin?.text(.charge) || usage.status == .notBillable)
        let rate = explanation.step(.timeOfDay) ?? explanation.step(.rate)
        let shown = rate?["rate_per_minute"]?.string ?? rate?["rate"]?.string
        if usage.status == .rated, let shown { #expect(shown == usage.rate?.text, "\(name) rate") }
        #expect(
            explanation.step(.billedTime)?["billed_seconds"]?.integer == usage.call?.billedSeconds
                || usage.call?.billedSeconds == 0)
        #expect(
            explanation.step(.vendorTime)?["billed_seconds"]?.integer == usage.call?.vendorBilledSeconds
                || usage.call?.vendorBilledSeconds == 0)
        if case .string(let prefix)? = explanation.step(.rate)?["row"]?["prefix"], usage.service == .voice {
            #expect(prefix == usage.call?.ratePrefix, "\(name) prefix")
        }
        #expect(explanation.step(.plan)?["rate_plan_id"]?.string == usage.ratePlanID, "\(name) plan")
        for step in explanation.steps {
            #expect(!step.sentences.isEmpty, "\(name) \(step.topic)")
            for sentence in step.sentences {
                #expect(
                    (sentence.hasSuffix(".") || sentence.hasSuffix("…")) && !sentence.contains("  "),
                    "\(name) \(sentence)")
            }
        }
    }

    /// Dollars as a fraction, in 1e-5 USD, half away from zero.
    private static func rounded(_ fraction: String) -> BigInt? {
        let parts = fraction.split(separator: "/").compactMap { BigInt(String($0)) }
        guard let numerator = parts.first else { return nil }
        let denominator = parts.count == 2 ? parts[1] : 1
        let twice = numerator.magnitude * 200_000 + denominator.magnitude
        let magnitude = twice / (denominator.magnitude * 2)
        return BigInt(sign: numerator.sign, magnitude: magnitude)
    }
}
