import Core
import Foundation
import Reference
import TestSupport
import Testing

@Suite("Files of ported numbers")
struct PortedNumberFileTests {
    /// A path of the test's own.
    private func withPath(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "warp-\(UUID().uuidString)")
        try body(directory.appending(path: "ported.bin").path)
        try FileManager.default.removeItem(at: directory)
    }

    private func write(_ ports: [PortedNumbers.Port], to path: String, source: Int64 = 7) throws {
        var writer = try PortedNumberFile.Writer(path: path)
        for start in stride(from: 0, to: ports.count, by: 97) {
            try writer.append(Array(ports[start..<min(start + 97, ports.count)]))
        }
        try writer.finish(source: source)
    }

    /// Ports of a few exchanges, some of the same number, in order.
    private func ports(_ count: Int, seed: UInt64) -> [PortedNumbers.Port] {
        var random = SeededGenerator(seed: seed)
        let exchanges = (0..<40).map { _ in UInt64.random(in: 200_000...999_999, using: &random) }
        let ports = (0..<count).map { _ in
            PortedNumbers.Port(
                number: NationalNumber(
                    digits: exchanges.randomElement(using: &random)! * 10_000 + .random(in: 0...9_999, using: &random)),
                lrn: NationalNumber(digits: .random(in: 2_000_000_000...9_999_999_999, using: &random)),
                activated: Instant(milliseconds: .random(in: 0...1_767_225_600_000, using: &random)),
                provider: ServiceProviderID(parsing: ["", "0", "9A7Z", "ZZZZ"].randomElement(using: &random)!))
        }
        return ports.sorted { ($0.number, $0.activated) < ($1.number, $1.activated) }
    }

    @Test("a mapped file answers as the same ports in memory, at any instant", arguments: [0, 1, 500, 20_000])
    func answers(count: Int) throws {
        let ports = ports(count, seed: 11)
        try withPath { path in
            try write(ports, to: path)
            let mapped = try PortedNumberFile(path: path, source: 7).numbers
            let memory = PortedNumbers(ports)
            #expect(mapped.count == count)
            var random = SeededGenerator(seed: 12)
            for port in ports {
                let later = port.activated.advanced(milliseconds: .random(in: -2...2, using: &random))
                #expect(mapped.port(of: port.number, at: later) == memory.port(of: port.number, at: later))
                #expect(mapped.port(of: port.number, at: port.activated) == port)
                let neighbour = NationalNumber(digits: port.number.digits + 1)
                #expect(mapped.lrn(of: neighbour, at: nil) == memory.lrn(of: neighbour, at: nil))
            }
            #expect(mapped.lrn(of: NationalNumber(digits: 2_000_000_000), at: nil) == nil)
        }
    }

    @Test("a row takes 14 bytes, and its index 4 KB for each area code")
    func size() throws {
        let ports = (UInt64(0)..<10_000).map { line in
            PortedNumbers.Port(
                number: NationalNumber(digits: 3_122_000_000 + line), lrn: NationalNumber(digits: 3_126_000_000),
                activated: Instant(milliseconds: 0))
        }
        try withPath { path in
            try write(ports, to: path)
            let bytes = try Data(contentsOf: URL(filePath: path)).count
            #expect(bytes == 64 + 10_000 * 14 + 2_000 + 1_001 * 4)
        }
    }

    @Test("of two ports with the same number and instant the later one counts")
    func repeated() throws {
        let number = NationalNumber(digits: 3_122_001_000)
        let ports = [UInt64(6_303_010_000), 3_122_010_000].map { lrn in
            PortedNumbers.Port(
                number: number, lrn: NationalNumber(digits: lrn), activated: Instant(milliseconds: 5))
        }
        try withPath { path in
            try write(ports, to: path)
            let file = try PortedNumberFile(path: path, source: 7)
            #expect(file.count == 1)
            #expect(file.numbers.lrn(of: number, at: nil)?.text == "3122010000")
        }
    }

    @Test("ports out of order are refused, and no file is left")
    func disorder() throws {
        let ports = ports(2, seed: 13)
        try withPath { path in
            #expect(throws: ReferenceFault.self) { try write(ports.reversed(), to: path) }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("a file that was cut off, added to or changed in any byte is refused, and says which file it is")
    func damaged() throws {
        try withPath { path in
            try write(ports(300, seed: 14), to: path)
            let whole = try Data(contentsOf: URL(filePath: path))
            var random = SeededGenerator(seed: 15)
            var bad: [Data] = [
                Data(), whole.dropLast(), whole.dropLast(4), whole.prefix(64), whole + Data([0, 0, 0, 0]),
            ]
            for _ in 0..<200 {
                var changed = whole
                changed[Int.random(in: 0..<whole.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                bad.append(changed)
            }
            for content in bad {
                try content.write(to: URL(filePath: path))
                let fault = #expect(throws: PortedNumberFile.Fault.self) {
                    try PortedNumberFile(path: path, source: 7)
                }
                #expect(fault?.description.contains(path) == true)
            }
        }
    }

    @Test("a file of another load, and one of a later release, are told apart from damage")
    func others() throws {
        try withPath { path in
            try write(ports(3, seed: 16), to: path)
            #expect(throws: PortedNumberFile.Fault.otherSource(path: path, source: 7)) {
                try PortedNumberFile(path: path, source: 8)
            }
            var later = try Data(contentsOf: URL(filePath: path))
            later[8] = 2
            try later.write(to: URL(filePath: path))
            #expect(throws: PortedNumberFile.Fault.otherFormat(path: path, format: 2)) {
                try PortedNumberFile(path: path, source: 7)
            }
        }
    }

    @Test("a file that takes another's place leaves those who have that mapped with what they had")
    func replaced() throws {
        let number = NationalNumber(digits: 3_122_001_000)
        func port(_ lrn: UInt64) -> PortedNumbers.Port {
            PortedNumbers.Port(number: number, lrn: NationalNumber(digits: lrn), activated: Instant(milliseconds: 0))
        }
        try withPath { path in
            try write([port(6_303_010_000)], to: path)
            let old = try PortedNumberFile(path: path, source: 7)
            try write([port(3_122_010_000)], to: path)
            let new = try PortedNumberFile(path: path, source: 7)
            #expect(old.numbers.lrn(of: number, at: nil)?.text == "6303010000")
            #expect(new.numbers.lrn(of: number, at: nil)?.text == "3122010000")
        }
    }
}
