import Foundation

/// One measured figure, as every benchmark prints it: a line of JSON.
struct BenchRow: Encodable {
    let name: String
    let value: Double
    /// `records/s`, `s`, `ms`, `MB`.
    let unit: String
    /// What did the same work in the same run.
    let peer: String?
    let peerValue: Double?
    /// Ours over the peer's.
    let ratio: Double?
    /// Resident memory of the process when the figure was taken.
    let rssBytes: Int
    let note: String

    init(_ name: String, _ value: Double, _ unit: String, peer: (name: String, value: Double)? = nil, note: String)
        throws
    {
        self.name = name
        self.value = BenchRow.rounded(value)
        self.unit = unit
        self.peer = peer?.name
        peerValue = peer.map { BenchRow.rounded($0.value) }
        ratio = peer.map { BenchRow.rounded(value / $0.value) }
        rssBytes = try ProcessMemory.residentBytes()
        self.note = note
    }

    enum CodingKeys: String, CodingKey {
        case name, value, unit, peer
        case peerValue = "peer_value"
        case ratio
        case rssBytes = "rss_bytes"
        case note
    }

    /// A figure without a peer says so with nulls: every row has every field.
    func encode(to encoder: any Encoder) throws {
        var row = encoder.container(keyedBy: CodingKeys.self)
        try row.encode(name, forKey: .name)
        try row.encode(value, forKey: .value)
        try row.encode(unit, forKey: .unit)
        try row.encode(peer, forKey: .peer)
        try row.encode(peerValue, forKey: .peerValue)
        try row.encode(ratio, forKey: .ratio)
        try row.encode(rssBytes, forKey: .rssBytes)
        try row.encode(note, forKey: .note)
    }

    /// Writes the row to standard output.
    func print() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        FileHandle.standardOutput.write(try encoder.encode(self) + Data("\n".utf8))
    }

    /// Four significant digits: no machine is more exact.
    private static func rounded(_ value: Double) -> Double {
        guard value != 0, value.isFinite else { return 0 }
        let scale = pow(10, 3 - floor(log10(abs(value))))
        return (value * scale).rounded() / scale
    }
}
