import CCurl

/// One message on one curl easy handle.
enum SMTPSession {
    static func send(_ message: MailMessage, by server: SMTPServer) throws(SMTPError) {
        let upload = Upload(bytes: try message.bytes())
        guard HTTPSession.isInitialized, let handle = curl_easy_init() else { throw .connectionLost("out of memory") }
        defer { curl_easy_cleanup(handle) }
        guard let recipients = curl_slist_append(nil, "<\(message.to.address)>") else {
            throw .connectionLost("out of memory")
        }
        defer { curl_slist_free_all(recipients) }

        configure(handle, server)
        // The path is the name by which we greet the server.
        warp_curl_set_string(handle, CURLOPT_URL, "\(server.url)/\(message.from.domain)")
        warp_curl_set_string(handle, CURLOPT_MAIL_FROM, "<\(message.from.address)>")
        warp_curl_set_pointer(handle, CURLOPT_MAIL_RCPT, recipients)
        warp_curl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(upload.bytes.count))
        warp_curl_set_long(handle, CURLOPT_UPLOAD, 1)
        warp_curl_set_callback(handle, CURLOPT_READFUNCTION) { target, size, count, context in
            guard let target, let context else { return 0 }
            let upload = Unmanaged<Upload>.fromOpaque(context).takeUnretainedValue()
            return upload.next(into: UnsafeMutableRawBufferPointer(start: target, count: size * count))
        }
        let code = withExtendedLifetime(upload) {
            warp_curl_set_pointer(handle, CURLOPT_READDATA, Unmanaged.passUnretained(upload).toOpaque())
            return curl_easy_perform(handle)
        }
        guard code == CURLE_OK else { throw error(code, handle) }
    }

    private static func configure(_ handle: UnsafeMutableRawPointer, _ server: SMTPServer) {
        let milliseconds = Int(max(1, server.deadline.wholeMilliseconds))
        warp_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        warp_curl_set_string(handle, CURLOPT_PROXY, "")
        warp_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        warp_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
        warp_curl_set_long(handle, CURLOPT_TIMEOUT_MS, milliseconds)
        let tls =
            switch server.startTLS {
            case .required: CURLUSESSL_ALL
            case .offered: CURLUSESSL_TRY
            case .none: CURLUSESSL_NONE
            }
        warp_curl_set_long(handle, CURLOPT_USE_SSL, Int(tls.rawValue))
        if let file = server.certificateFile { warp_curl_set_string(handle, CURLOPT_CAINFO, file) }
        if let user = server.user {
            warp_curl_set_string(handle, CURLOPT_USERNAME, user)
            warp_curl_set_string(handle, CURLOPT_PASSWORD, server.password?.revealed ?? "")
        }
    }

    private static func error(_ code: CURLcode, _ handle: UnsafeMutableRawPointer) -> SMTPError {
        let message = String(cString: curl_easy_strerror(code))
        var answer = 0
        warp_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &answer)
        return switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_NOT_BUILT_IN:
            .invalidMessage(message)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: .notConnected(message)
        case CURLE_USE_SSL_FAILED, CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE:
            .tls(message)
        case CURLE_LOGIN_DENIED: .loginRefused
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case _ where answer == 530 || answer == 535: .loginRefused
        case _ where (400...599).contains(answer): .refused(code: answer)
        default: .connectionLost(message)
        }
    }
}

/// A message on its way.
private final class Upload {
    let bytes: [UInt8]
    private var sent = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Copies as much as there is room for; 0 at the end.
    func next(into target: UnsafeMutableRawBufferPointer) -> Int {
        let part = bytes[sent..<min(bytes.count, sent + target.count)]
        target.copyBytes(from: part)
        sent += part.count
        return part.count
    }
}
