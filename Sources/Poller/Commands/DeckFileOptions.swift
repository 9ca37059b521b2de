import ArgumentParser
import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// How a deck's file is written: what `load-deck`, `deck diff` and `deck lint` take.
struct DeckFileOptions: ParsableArguments {
    @Option(help: "The deck's name, where the file has no column that names it.")
    var deck: String?

    @Option(
        name: .customLong("map"), parsing: .singleValue,
        help: ArgumentHelp(
            "Our column and the vendor's title of it, such as interstate=INTER_RATE; may be repeated.",
            valueName: "column=title"))
    var maps: [String] = []

    @Option(help: "A YAML file that says how the vendor writes its decks; options here win over it.")
    var mapping: String?

    @Option(name: .customLong("ignore"), parsing: .singleValue, help: "A column to pass over; may be repeated.")
    var ignored: [String] = []

    @ArgumentParser.Flag(help: "Pass over all columns that are not known; else they are faults.")
    var ignoreUnknown = false

    @Option(help: "domestic or international, where the columns don't say.")
    var scope: String?

    @Option(help: "The effective day of rows without one, such as 2026-12-01.")
    var effective: String?

    @Option(help: "How dates with slashes are read: mdy (the default) or dmy.")
    var dates: String?

    @Option(help: "Lines before the header.")
    var skipLines: Int?

    @Option(help: "The character between fields, or tab (default: a comma).")
    var separator: String?

    @Option(
        help: """
            How the file follows the deck in force: replace (the whole deck from its first effective day on; earlier \
            rates stay for the days before), amend (only changes) or exact (nothing stays). Default: replace with \
            --deck, exact where the file names its decks.
            """)
    var mode: String?

    @Option(help: "For how many days rows that ended stay in the deck, for calls that are rated late.")
    var keepDays = DeckUpdate.keptDays

    /// The mapping of the file and of the options together.
    func settings() async throws -> DeckMapping {
        var settings: DeckMapping
        do {
            settings = try await mapping.asyncMap { try await DeckMapping(path: $0) } ?? DeckMapping()
        } catch let faults as DeckMapping.Faults {
            throw ValidationError("\(faults)")
        }
        var problems = settings.set(
            scope: scope, dates: dates, effective: effective, separator: separator, mode: mode)
        for map in maps {
            let parts = map.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2, let column = DeckColumn(rawValue: parts[0]) {
                settings.format.titles[column] = parts[1]
            } else {
                let columns = DeckColumn.allCases.map(\.rawValue).joined(separator: ", ")
                problems.append("--map '\(map)' is not column=title; columns are \(columns)")
            }
        }
        guard problems.isEmpty else { throw ValidationError(problems.joined(separator: "\n")) }
        settings.format.ignored.formUnion(ignored)
        settings.format.ignoresUnknown = settings.format.ignoresUnknown || ignoreUnknown
        if let skipLines { settings.format.skipLines = skipLines }
        settings.format.deck = deck
        return settings
    }

    /// Reads a file by the settings. Its faults end the command with exit code 65, unless its bad lines may be left out.
    func read(_ path: String, skippingBadLines: Bool = false) async throws -> (file: DeckFile, mode: DeckSuccession) {
        let settings = try await settings()
        let file: DeckFile
        do {
            file = try DeckFile(path: path, format: settings.format, separator: settings.separator)
        } catch let error as MappedFile.Failure {
            throw ValidationError("\(error)")
        }
        if let faults = file.faults {
            let imported = file.imported
            DeckFileOptions.say("\(faults)")
            guard skippingBadLines, imported.isReadable, imported.badLines < imported.lines else {
                let count = imported.faults.count + imported.omitted
                DeckFileOptions.say(
                    imported.isReadable
                        ? "\(imported.badLines) of \(imported.lines) lines are bad, \(count) faults in all; nothing was loaded"
                        : "the header cannot be used; nothing was loaded")
                throw ExitCode(65)
            }
            DeckFileOptions.say("\(imported.badLines) of \(imported.lines) lines are left out")
        }
        if !file.imported.passedOver.isEmpty {
            DeckFileOptions.say("columns passed over: \(file.imported.passedOver.joined(separator: ", "))")
        }
        return (file, settings.succession ?? (deck == nil ? .exact : .replace))
    }

    /// A line for the person, beside what is printed.
    static func say(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
