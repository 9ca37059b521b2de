import Core
import DaemonKit
import Hummingbird
import NIOCore

/// The answer to a submission, once it is durable.
struct IngestAnswer {
    let isBatch: Bool
    let verdicts: [RecordVerdict]

    /// 202 with every record's verdict; 422 for a record that was sent alone and is none.
    func response() throws(APIError) -> Response {
        if !isBatch, let reason = verdicts.first?.reason {
            let detail = reason.message.isEmpty ? nil : reason.message
            throw .invalid(pointer: reason.field, reason: reason.code.rawValue, detail: detail)
        }
        return Response(
            status: .accepted, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
    }

    /// `{"accepted":1,"repeats":0,"conflicts":0,"rejected":0,"spooled":0,"records":[…]}`
    var json: [UInt8] {
        var writer = JSONWriter(capacity: 96 + verdicts.count * 128)
        writer.object { writer in
            writer.field("accepted", count(of: .accepted))
            writer.field("repeats", count(of: .repeat))
            writer.field("conflicts", count(of: .conflict))
            writer.field("rejected", count(of: .rejected))
            writer.field("spooled", count(of: .spooled))
            writer.key("records")
            writer.array { writer in
                for verdict in verdicts { verdict.write(to: &writer) }
            }
        }
        return writer.bytes
    }

    private func count(of word: RecordVerdict.Word) -> Int {
        verdicts.count { $0.word == word }
    }
}

extension RecordVerdict {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id?.text)
            writer.field("key", key)
            writer.field("verdict", word.rawValue)
            guard let reason else { return }
            writer.field("reason", reason.code.rawValue)
            writer.field("pointer", reason.field)
            if !reason.message.isEmpty { writer.field("detail", reason.message) }
        }
    }
}
