import Core
import Drivers

/// The content of a record in one form: the same bytes for the same JSON value (rule G8), whatever its white space, the order of
/// its names, the escapes in its texts and the writing of its numbers.
enum RecordContent {
    /// Names and values in the order of the names; of a repeated name the last counts.
    static func canonicalBytes(of record: JSONRecord, leavingOut left: Set<String> = []) -> [UInt8] {
        record.canonicalBytes(leavingOut: left, rewrite: rewritten)
    }

    /// A value that can be written in several ways, in one of them: rare, and small.
    private static func rewritten(_ source: ArraySlice<UInt8>) -> [UInt8] {
        do throws(Core.JSONValue.ParsingError) {
            return try Core.JSONValue(parsing: source).canonicalBytes
        } catch {
            // The index has walked over it: only its parser can find fault here. Compared byte by byte, then.
            return Array(source)
        }
    }
}
