import Foundation
import Testing

@testable import Drivers

@Suite("JSON records")
struct JSONRecordTests {
    @Test("a field is absent, null, of the type asked for, or of another")
    func fields() throws {
        let record = try one(
            """
            {"text":"a","number":-12,"decimal":0.0075,"big":9223372036854775808,"yes":true,"no":false,
             "nothing":null,"object":{"in":1},"list":[1,{"x":[]}],"":"empty key","a_rather_long_key_name":"found"}
            """)
        #expect(record.string("text") == .value("a"))
        #expect(record.string("absent") == .absent)
        #expect(record.string("nothing") == .null)
        #expect(record.string("number") == .wrongType(.number))
        #expect(record.integer("number") == .value(-12))
        #expect(record.integer("decimal") == .wrongType(.number))
        #expect(record.integer("big") == .wrongType(.number))
        #expect(record.integer("text") == .wrongType(.string))
        #expect(record.number("decimal") == .value("0.0075"))
        #expect(record.number("big") == .value("9223372036854775808"))
        #expect(record.bool("yes") == .value(true))
        #expect(record.bool("no") == .value(false))
        #expect(record.bool("nothing") == .null)
        #expect(record.isNull("nothing"))
        #expect(!record.isNull("absent"))
        #expect(record.contains("nothing"))
        #expect(!record.contains("absent"))
        #expect(record.string("") == .value("empty key"))
        #expect(record.string("a_rather_long_key_name") == .value("found"))
        #expect(record.string("a_rather_long_key_namf") == .absent)
        #expect(record.object("object").value?.integer("in") == .value(1))
        #expect(record.object("list").value == nil)
        #expect(text(record.raw("list")) == #"[1,{"x":[]}]"#)
        #expect(text(record.raw("text")) == #""a""#)
        #expect(text(record.raw("nothing")) == "null")
        #expect(record.raw("absent") == nil)
    }

    @Test("of a key that comes twice the last one counts, and the repeat can be seen")
    func duplicateKeys() throws {
        let record = try one(#"{"a":1,"b":2,"a":3,"\u0061":4,"b":null}"#)
        #expect(record.integer("a") == .value(4))
        #expect(record.isNull("b"))
        #expect(record.duplicateKeys == ["a", "b"])
        #expect(record.keys == ["a", "b", "a", "a", "b"])
    }

    @Test("many names are found at once as they are one by one: the last of each, escaped or long, and no other")
    func names() throws {
        let names = [
            "", "a", "eight888", "eight8889", "sixteen_bytes_16", "seventeen_bytes17", "seventeen_Bytes17", "n",
        ]
        let record = try one(
            #"{"":"empty","a":1,"seventeen_bytes17":"x","seventeen-bytes17":"y","eight888":"8","a":"2","b":3,"#
                + #""\u0061":"last","eight8889":null,"sixteen_bytes_16":true,"n":-7}"#)
        let fields = record.fields(JSONNames(names))
        for (number, name) in names.enumerated() {
            let key = JSONKey(name)
            #expect(fields.string(number) == record.string(key))
            #expect(fields.integer(number) == record.integer(key))
            #expect(fields.number(number) == record.number(key))
            #expect(fields.bool(number) == record.bool(key))
            #expect(fields.has(number) == (record.contains(key) && !record.isNull(key)))
            var bytes: [UInt8]?
            _ = fields.utf8(number) { text in bytes = text.indices.map { text[$0] } }
            #expect(bytes == record.utf8(key).value.map { Array($0) })
        }
        #expect(fields.string(1) == .value("last"))
        #expect(fields.string(5) == .value("x"))
        #expect(fields.string(6) == .absent)
    }

    @Test("a record stays as it is while others are read beside it and after it, on any thread")
    func manyAtOnce() async throws {
        let groups = try await withThrowingTaskGroup(of: [(number: Int, record: JSONRecord)].self) { group in
            for first in stride(from: 0, to: 800, by: 100) {
                group.addTask {
                    try (first..<first + 100).map { number in
                        let list = Array(repeating: "1", count: number).joined(separator: ",")
                        return (number, try self.one(#"{"n":\#(number),"text":"\#(number)","list":[\#(list)]}"#))
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for (number, record) in groups.joined() {
            #expect(record.integer("n") == .value(Int64(number)))
            #expect(record.string("text") == .value("\(number)"))
            #expect(record.keys == ["n", "text", "list"])
        }
    }

    @Test("escapes are resolved, in keys too")
    func escapes() throws {
        let record = try one(#"{"k\n":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDCDE x","raw":"\u0041"}"#)
        #expect(record.string("k\n") == .value("\"\\/\u{8}\u{c}\n\r\té📞 x"))
        #expect(record.utf8("raw") == .value(Array("A".utf8)[...]))
        #expect(text(record.raw("raw")) == #""\u0041""#)
    }

    @Test(
        "the exact bytes of each record are kept",
        arguments: [" [ {\"a\" : 1 } ,\n{\"b\":2}\t] ", "{\"a\" : 1 }\r\n\n {\"b\":2} \n"])
    func rawBytes(body: String) throws {
        let records = try JSONRecords(parsing: Array(body.utf8))
        #expect(records.count == 2)
        #expect(records.compactMap { record($0).flatMap { text($0.rawBytes) } } == [#"{"a" : 1 }"#, #"{"b":2}"#])
    }

    @Test("object, array and lines are told apart")
    func forms() throws {
        #expect(try JSONRecords(parsing: Array("{\n \"a\":\n {\"b\":1}\n}\n".utf8)).form == .object)
        #expect(
            try JSONRecords(parsing: Array("{\"a\":\n{\"b\":1}}".utf8)).map { record($0) != nil } == [false, false])
        #expect(try JSONRecords(parsing: Array("[\n{\"a\":1},\n{}]".utf8)).form == .array)
        #expect(try JSONRecords(parsing: Array("{}\n{}".utf8)).form == .lines)
        #expect(try JSONRecords(parsing: Array("{}\n".utf8)).form == .object)
        #expect(try JSONRecords(parsing: Array("[]".utf8)).isEmpty)
    }

    @Test("a broken line loses itself only, whichever it is")
    func brokenLines() throws {
        let body = "{\"a\":1\n{\"a\":2}\n\"unclosed\n\n[1]\n{\"a\":3}x\n{\"a\":\"\u{1}\"}\n{\"a\":4}\n"
        let records = try JSONRecords(parsing: Array(body.utf8))
        #expect(records.form == .lines)
        #expect(
            records.map { fault($0)?.reason } == [
                .malformed, nil, .malformed, .notAnObject, .malformed, .malformed, nil,
            ])
        #expect(records.compactMap { record($0)?.integer("a").value } == [2, 4])
        guard case .broken(let fault, let raw) = records[4] else { return }
        #expect(text(raw) == "{\"a\":3}x")
        #expect(fault.offset == body.utf8.count - "x\n{\"a\":\"\u{1}\"}\n{\"a\":4}\n".utf8.count)
    }

    @Test(
        "what is wrong inside one record of an array breaks that record only",
        arguments: [
            (#"{"a":tru}"#, JSONFault.Reason.badValue), (#"{"a":01}"#, .badValue), (#"{"a":1.}"#, .badValue),
            (#"{"a":+1}"#, .badValue), (#"{"a":NaN}"#, .badValue), (#"{"a":1"b"}"#, .badValue),
            (#"{"a":"\q"}"#, .badEscape), (#"{"a":"\ud800"}"#, .badEscape), (#"{"a":"\udc00\ud800"}"#, .badEscape),
            (#"{"a":"\u12"}"#, .badEscape), (#"{"a\u0000":1}"#, .nulCharacter), (#"{"a":"x\u0000"}"#, .nulCharacter),
            (#"{"a":1e999999}"#, .numberOutOfRange), (#"{"a":{"b":1e401}}"#, .numberOutOfRange),
            ("\(String(repeating: "[", count: 40))\(String(repeating: "]", count: 40))", .notAnObject),
            ("{\"a\":\(String(repeating: "[", count: 40))\(String(repeating: "]", count: 40))}", .tooDeep),
            ("17", .notAnObject), ("null", .notAnObject), ("\"x\"", .notAnObject),
        ])
    func brokenRecord(source: String, reason: JSONFault.Reason) throws {
        let records = try JSONRecords(parsing: Array("[{\"n\":1},\(source),{\"n\":2}]".utf8))
        #expect(records.map { fault($0)?.reason } == [nil, reason, nil])
        guard case .broken(_, let raw) = records[1] else { return }
        #expect(text(raw) == source)
        #expect(record(records[2])?.integer("n") == .value(2))
    }

    @Test(
        "an array whose framing is broken is malformed as a whole, with the place",
        arguments: [
            (#"[{"a":1}"#, 8), (#"[{"a":1},]"#, 9), (#"[{"a":1}{"b":2}]"#, 8), (#"[{"a" 1}]"#, 6), (#"[{"a":}]"#, 6),
            (#"[{"a":1]"#, 7), (#"[{"a":1}]x"#, 9), (#"[{,}]"#, 2), (#"[{"a":"x}]"#, 6), (#"[{a:1}]"#, 2),
            ("[1,,2]", 3),
        ])
    func brokenArray(body: String, offset: Int) {
        #expect(throws: JSONFault(reason: .malformed, offset: offset)) { try JSONRecords(parsing: Array(body.utf8)) }
    }

    @Test(
        "a single broken object is malformed", arguments: ["{", "{\"a\":1", "{\"a\":1}}", "{\"a\":1} {\"a\":2}", "x{"])
    func brokenObject(body: String) throws {
        let reason: JSONFault.Reason?
        do throws(JSONFault) {
            reason = try JSONRecords(parsing: Array(body.utf8)).first.flatMap { fault($0)?.reason }
        } catch {
            reason = error.reason
        }
        #expect(reason == .malformed)
    }

    @Test("nothing, or only white space, is empty", arguments: ["", " \n\t "])
    func empty(body: String) {
        #expect(throws: JSONFault(reason: .empty, offset: 0)) { try JSONRecords(parsing: Array(body.utf8)) }
    }

    @Test("bytes that are not UTF-8 say so and where; on a line they break that line only")
    func invalidUTF8() throws {
        let bad = Array("{\"a\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
        #expect(throws: JSONFault(reason: .invalidUTF8, offset: 6)) { try JSONRecords(parsing: bad) }
        #expect(throws: JSONFault(reason: .invalidUTF8, offset: 7)) {
            try JSONRecords(parsing: Array("[".utf8) + bad + Array("]".utf8))
        }
        let lines = try JSONRecords(parsing: bad + Array("\n{\"a\":\"ok\"}\n".utf8))
        #expect(lines.map { fault($0) } == [JSONFault(reason: .invalidUTF8, offset: 6), nil])
    }

    @Test("size, depth and the number of fields are bounded")
    func limits() throws {
        let limits = JSONLimits(maxBytes: 100, maxDepth: 3, maxFieldsPerRecord: 2)
        #expect(throws: JSONFault(reason: .tooLarge, offset: 100)) {
            try JSONRecords(parsing: [UInt8](repeating: 32, count: 101), limits: limits)
        }
        func reason(_ body: String) throws -> JSONFault.Reason? {
            try JSONRecords(parsing: Array(body.utf8), limits: limits).first.flatMap { fault($0) }?.reason
        }
        #expect(try reason(#"{"a":{"b":[1]}}"#) == nil)
        #expect(try reason(#"{"a":{"b":[[1]]}}"#) == .tooDeep)
        #expect(try reason(#"{"a":1,"b":2}"#) == nil)
        #expect(try reason(#"{"a":1,"b":2,"c":3}"#) == .tooManyFields)
        let abyss = Array((String(repeating: "[", count: 100_000) + "]").utf8)
        #expect(throws: JSONFault(reason: .tooDeep, offset: 257)) { try JSONRecords(parsing: abyss) }
    }

    @Test("the records that Kamailio sent are read field by field as a JSON library reads them")
    func captured() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/captured/kamailio/customer_cdr.ndjson")
        let body = Array(try Data(contentsOf: file))
        let lines = String(decoding: body, as: UTF8.self).split(separator: "\n")
        let records = try JSONRecords(parsing: body).compactMap { record($0) }
        #expect(records.count == lines.count)
        #expect(records.count > 10)
        for (line, record) in zip(lines, records) {
            #expect(text(record.rawBytes) == String(line))
            let peer = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(Set(record.keys) == Set(peer.keys))
            for (name, value) in peer {
                let key = JSONKey(name)
                switch value {
                case is NSNull: #expect(record.isNull(key))
                case let text as String: #expect(record.string(key) == .value(text))
                case let number as NSNumber where record.bool(key).value == nil:
                    #expect(record.integer(key) == .value(number.int64Value))
                case let flag as Bool: #expect(record.bool(key) == .value(flag))
                default: Issue.record("\(name) is \(value)")
                }
            }
        }
    }

    @Test("random damage never breaks the reader, and what it calls whole is whole")
    func damaged() throws {
        let source = Array(#"[{"a":"x\u00e9","b":[1,2.5e3,{"c":null}],"d":true},{"a":"y"}]"#.utf8)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var body = source
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                body[Int.random(in: body.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let records: JSONRecords
            do throws(JSONFault) {
                records = try JSONRecords(parsing: body)
            } catch {
                // Refused whole: the fault lies in the body.
                #expect(error.offset <= body.count, "\(String(decoding: body, as: UTF8.self))")
                continue
            }
            for case .record(let record) in records {
                let peer = try JSONSerialization.jsonObject(with: Data(record.rawBytes)) as? [String: Any]
                #expect(peer?.count == Set(record.keys).count, "\(String(decoding: body, as: UTF8.self))")
            }
        }
    }

    private func one(_ body: String) throws -> JSONRecord {
        let first = try #require(try JSONRecords(parsing: Array(body.utf8)).first)
        return try #require(record(first))
    }

    private func record(_ element: JSONRecords.Element) -> JSONRecord? {
        if case .record(let record) = element { return record }
        return nil
    }

    private func fault(_ element: JSONRecords.Element) -> JSONFault? {
        if case .broken(let fault, _) = element { return fault }
        return nil
    }

    private func text(_ bytes: ArraySlice<UInt8>?) -> String? {
        bytes.map { String(decoding: $0, as: UTF8.self) }
    }
}
