import CZlib

/// zlib's two containers in memory, with a bound on what comes out.
public enum Gzip {
    public enum Failure: Error, Sendable, Equatable {
        /// Not gzip or zlib data, or cut off.
        case malformed
        /// The content is longer than the limit.
        case tooLarge(limit: Int)
    }

    /// The bytes as one gzip member; level 1 (fast) to 9 (small).
    public static func compress(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, + 16 for a gzip header.
        let code = deflateInit2_(
            &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, streamSize)
        precondition(code == Z_OK, "deflateInit2 refuses its arguments")
        defer { deflateEnd(&stream) }
        var output: [UInt8] = []
        _ = run(&stream, bytes, into: &output, limit: .max) { deflate(&$0, Z_FINISH) }
        return output
    }

    /// The content of gzip (several members too) or zlib data, at most `limit` bytes.
    public static func decompress(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes[...]
        repeat {
            var stream = z_stream()
            // + 32 recognises either header.
            let code = inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, streamSize)
            precondition(code == Z_OK, "inflateInit2 refuses its arguments")
            defer { inflateEnd(&stream) }
            let end = run(&stream, Array(rest), into: &output, limit: limit) { inflate(&$0, Z_NO_FLUSH) }
            if output.count > limit { throw .tooLarge(limit: limit) }
            guard end == Z_STREAM_END else { throw .malformed }
            rest = rest.suffix(Int(stream.avail_in))
        } while !rest.isEmpty
        return output
    }

    private static let streamSize = Int32(MemoryLayout<z_stream>.size)
    private static let chunkBytes = 64 * 1_024

    /// Feeds all input and collects output until the stream ends, fails, stands still or passes the limit.
    private static func run(
        _ stream: inout z_stream, _ input: [UInt8], into output: inout [UInt8], limit: Int,
        _ step: (inout z_stream) -> Int32
    ) -> Int32 {
        var input = input
        return input.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = uInt(source.count)
            var code = Z_OK
            while code == Z_OK, output.count <= limit {
                let chunk = [UInt8](unsafeUninitializedCapacity: chunkBytes) { target, count in
                    stream.next_out = target.baseAddress
                    stream.avail_out = uInt(chunkBytes)
                    code = step(&stream)
                    count = chunkBytes - Int(stream.avail_out)
                }
                output += chunk
            }
            return code
        }
    }
}
