import Core
import Foundation
import Reference
import SecondRater
import Testing

@testable import BillingCtl

/// The product's own answers, as a conformance run gives them.
struct Engine {
    private let conformance: Conformance

    init(directory: URL) throws {
        conformance = try Conformance(directory: ReferenceDirectory(path: directory.path))
    }

    /// The result object of one line of a run.
    func result(_ id: String, _ kind: String, _ input: JSON) throws -> JSON {
        let line = JSON.object(["id": .string(id), "kind": .string(kind), "input": input]).text
        let result = try #require(conformance.result(ofLine: Array(line.utf8)))
        return try JSON(parsing: String(decoding: result, as: UTF8.self))
    }
}
