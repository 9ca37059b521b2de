import Core
import Drivers
import Foundation
import Logging
import TestSupport
import Testing

@testable import VendorRecon

@Suite("Statement folder", .needsPostgres)
struct StatementFolderTests {
    private static let line = "2026-11-22T10:00:00.000Z,a,outbound,6304207501,+16467007042,55,60,0.0045,0.00450,USD\n"

    @Test("a file waits for what it lacks and is then taken, without a restart")
    func waits() async throws {
        try await ReconWorld.with { world in
            let folder = folder(of: world)
            try drop(ReconWorld.header + Self.line, "bandwidth-1.csv", in: world)
            for _ in 0..<3 { try await folder.look() }
            #expect(try await imported(in: world) == nil)
            try await VendorStore(pool: world.own).load(
                [
                    VendorEntry(
                        name: "bandwidth", deck: "bandwidth", terms: "{}", cycle: .weekly, netDays: 7, method: "ach",
                        format: "telnyx")
                ], at: ReconWorld.now)
            try await folder.look()
            #expect(try await imported(in: world) == "bandwidth-1.csv")
        }
    }

    @Test("a faulty file that is corrected is taken, even if it has the same size")
    func corrected() async throws {
        try await ReconWorld.with { world in
            let folder = folder(of: world)
            let good = ReconWorld.header + Self.line
            try drop(good.replacing("Billed Duration", with: "Billed duration"), "telnyx-1.csv", in: world)
            for _ in 0..<3 { try await folder.look() }
            #expect(try await imported(in: world) == nil)
            try drop(good, "telnyx-1.csv", in: world)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: 60)],
                ofItemAtPath: world.directory.appending(path: "telnyx-1.csv").path)
            for _ in 0..<2 { try await folder.look() }
            #expect(try await imported(in: world) == "telnyx-1.csv")
        }
    }

    @Test("a file that cannot be looked at holds up no other")
    func vanished() async throws {
        try await ReconWorld.with { world in
            let folder = folder(of: world)
            // Listed, and gone when it is opened.
            try FileManager.default.createSymbolicLink(
                atPath: world.directory.appending(path: "telnyx-0.csv").path, withDestinationPath: "/nowhere/0.csv")
            try FileManager.default.createDirectory(
                at: world.directory.appending(path: "telnyx-1.csv"), withIntermediateDirectories: false)
            try drop(ReconWorld.header + Self.line, "telnyx-2.csv", in: world)
            for _ in 0..<2 { try await folder.look() }
            #expect(try await imported(in: world) == "telnyx-2.csv")
        }
    }

    private func folder(of world: ReconWorld) -> StatementFolder {
        StatementFolder(
            directory: world.directory.path, importer: world.importer, logger: Logger(label: "test"))
    }

    private func drop(_ text: String, _ name: String, in world: ReconWorld) throws {
        try text.write(to: world.directory.appending(path: name), atomically: true, encoding: .utf8)
    }

    private func imported(in world: ReconWorld) async throws -> String? {
        try await world.text("SELECT string_agg(file_name, ',') FROM billing.vendor_statements")
    }
}
