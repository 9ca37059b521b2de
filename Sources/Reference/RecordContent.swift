import Core
import Drivers

/// The content of a record in one form: the same bytes for the same JSON value (rule G8), whatever its white space, the order of
/// its names, the escapes in its texts and the writing of its numbers.
enum RecordContent {
    /// Names and values in the order of the names; of a repeated name the last counts.
    static func canonicalBytes(of record: JSONRecord, leavingOut left: Set<String> = []) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            for name in Set(record.keys).subtracting(left).sorted() {
                writer.key(name)
                write(JSONKey(name), of: record, to: &writer)
            }
        }
        return writer.bytes
    }

    private static func write(_ key: JSONKey, of record: JSONRecord, to writer: inout JSONWriter) {
        if let text = record.string(key).value {
            writer.string(text)
        } else if let truth = record.bool(key).value {
            writer.bool(truth)
        } else if let number = record.number(key).value {
            writer.raw(Core.JSONValue.number(number).canonicalBytes)
        } else if let raw = record.raw(key), !record.isNull(key) {
            writer.raw(nested(raw))
        } else {
            writer.null()
        }
    }

    /// An object or array within a record: rare, and small.
    private static func nested(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        do throws(Core.JSONValue.ParsingError) {
            return try Core.JSONValue(parsing: raw).canonicalBytes
        } catch {
            // The index has walked over it: only its parser can find fault here. Compared byte by byte, then.
            return Array(raw)
        }
    }
}
