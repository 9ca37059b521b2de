/// The first row of an export that does not fit, or the seal.
public struct LedgerFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's name, such as `transactions.csv`.
    public let file: String
    /// Where in the file, from 1; nil for a fault of the whole file.
    public let line: Int?
    /// What is wrong, as a person should read it.
    public let problem: String

    init(_ file: String, line: Int? = nil, _ problem: String) {
        self.file = file
        self.line = line
        self.problem = problem
    }

    /// `transactions.csv line 17: …`
    public var description: String { "\(file)\(line.map { " line \($0)" } ?? ""): \(problem)" }
}
