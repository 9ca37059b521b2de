import CCurl
import Glibc

/// One curl easy handle, used on one thread.
final class HTTPSession {
    private let handle: UnsafeMutableRawPointer

    static let isInitialized = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init?() {
        guard HTTPSession.isInitialized, let handle = curl_easy_init() else { return nil }
        self.handle = handle
    }

    deinit {
        curl_easy_cleanup(handle)
    }

    func send(_ request: HTTPClientRequest, _ options: HTTPClient.Options) throws(HTTPClientError) -> HTTPClientResponse
    {
        var headers = try HTTPSession.list(of: request.headers)
        defer { curl_slist_free_all(headers) }
        // Without a body curl would wait for "100 Continue" or add a form's content type.
        headers = curl_slist_append(headers, "Expect:")

        curl_easy_reset(handle)
        let received = HTTPReceived(limit: request.maxResponseBytes)
        let code = withExtendedLifetime(received) {
            request.body.withUnsafeBytes { body in
                configure(request, options)
                warp_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
                setBody(request, body)
                receive(into: received)
                return curl_easy_perform(handle)
            }
        }
        if received.isTooLarge { throw .bodyTooLarge(limit: request.maxResponseBytes) }
        guard code == CURLE_OK else { throw error(code) }
        return HTTPClientResponse(
            status: info(CURLINFO_RESPONSE_CODE), headers: received.fields, body: received.body)
    }

    private func configure(_ request: HTTPClientRequest, _ options: HTTPClient.Options) {
        setString(CURLOPT_URL, request.url)
        setString(CURLOPT_PROTOCOLS_STR, "http,https")
        setString(CURLOPT_PROXY, options.proxy ?? "")
        if let path = options.unixSocketPath { setString(CURLOPT_UNIX_SOCKET_PATH, path) }
        if let file = options.certificateFile { setString(CURLOPT_CAINFO, file) }
        setLong(CURLOPT_NOSIGNAL, 1)
        setLong(CURLOPT_FOLLOWLOCATION, 0)
        setLong(CURLOPT_TCP_KEEPALIVE, 1)
        setLong(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, request.connectTimeout.wholeMilliseconds)))
        setLong(CURLOPT_TIMEOUT_MS, Int(max(1, request.totalTimeout.wholeMilliseconds)))
        setLong(CURLOPT_FRESH_CONNECT, request.usesKeptConnection ? 0 : 1)
    }

    private func setBody(_ request: HTTPClientRequest, _ body: UnsafeRawBufferPointer) {
        if request.method == .head {
            setLong(CURLOPT_NOBODY, 1)
        } else if !body.isEmpty || request.method == .post || request.method == .put || request.method == .patch {
            setLong(CURLOPT_POST, 1)
            warp_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            // The bytes are not copied: they live until the transfer has ended.
            warp_curl_set_pointer(handle, CURLOPT_POSTFIELDS, body.baseAddress ?? UnsafeRawPointer(HTTPSession.noBody))
        }
        setString(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }

    /// A non-null address for the empty body: null would make curl read from standard input.
    private nonisolated(unsafe) static let noBody = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)

    private func receive(into received: HTTPReceived) {
        let context = Unmanaged.passUnretained(received).toOpaque()
        warp_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        warp_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        warp_curl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let received = Unmanaged<HTTPReceived>.fromOpaque(context).takeUnretainedValue()
            return received.append(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        warp_curl_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let received = Unmanaged<HTTPReceived>.fromOpaque(context).takeUnretainedValue()
            received.appendHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
    }

    private func error(_ code: CURLcode) -> HTTPClientError {
        let message = String(cString: curl_easy_strerror(code))
        let wasSent = info(CURLINFO_REQUEST_SIZE) > 0
        return switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_NOT_BUILT_IN:
            .invalidRequest(message)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .notResolved(message)
        case CURLE_COULDNT_CONNECT: .notConnected(message)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE:
            .tls(message)
        case CURLE_OPERATION_TIMEDOUT: wasSent ? .timedOut(wasSent: true) : .notConnected(message)
        default: .connectionLost(message, wasSent: wasSent)
        }
    }

    private func info(_ key: CURLINFO) -> Int {
        var value = 0
        warp_curl_get_long(handle, key, &value)
        return value
    }

    private func setLong(_ option: CURLoption, _ value: Int) {
        warp_curl_set_long(handle, option, value)
    }

    private func setString(_ option: CURLoption, _ value: String) {
        warp_curl_set_string(handle, option, value)
    }

    private static func list(
        of headers: [HTTPField]
    ) throws(HTTPClientError) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for header in headers {
            let line = "\(header.name): \(header.value)"
            guard !header.name.isEmpty, line.utf8.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 }) else {
                curl_slist_free_all(list)
                throw .invalidRequest("header \(header.name)")
            }
            // "Name;" is curl's form of a header without a value.
            list = curl_slist_append(list, header.value.isEmpty ? "\(header.name);" : line)
        }
        return list
    }
}

/// What has arrived of an answer.
private final class HTTPReceived {
    private let limit: Int
    private(set) var fields: [HTTPField] = []
    private(set) var body: [UInt8] = []
    private(set) var isTooLarge = false

    init(limit: Int) {
        self.limit = limit
    }

    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= limit else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    func appendHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // An interim answer (100) came before: only the last one's headers count.
            fields = []
            return
        }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].drop { $0.isWhitespace }
        let trimmed = value.reversed().drop { $0.isWhitespace }.reversed()
        fields.append(HTTPField(String(line[..<colon]), String(trimmed)))
    }
}
