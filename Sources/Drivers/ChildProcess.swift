import Glibc

/// Why a program could not be started.
public struct ChildProcessError: Error, Sendable, CustomStringConvertible {
    /// The program and `errno`'s text.
    public let description: String
}

/// How a process ended.
public enum ProcessExit: Sendable, Equatable, CustomStringConvertible {
    case exited(status: Int32)
    case killed(signal: Int32)

    /// `exit 2`, `signal 9`.
    public var description: String {
        switch self {
        case .exited(let status): "exit \(status)"
        case .killed(let signal): "signal \(signal)"
        }
    }
}

/// A program started by this process, in a process group of its own and with default signal handling. It inherits no
/// file that was opened with close-on-exec, as all of ours are.
public struct ChildProcess: Sendable, Equatable {
    /// Its process id; it may have ended already.
    public let pid: Int32

    /// Starts a program.
    /// - Parameters:
    ///   - command: the program's path and its arguments.
    ///   - environment: its whole environment.
    ///   - logFile: where standard output and error are appended; made when missing.
    public init(command: [String], environment: [String: String], logFile: String) throws(ChildProcessError) {
        precondition(!command.isEmpty, "a command has a program")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logFile, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var pid: pid_t = 0
        let status = withCStrings(command) { arguments in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { variables in
                posix_spawn(&pid, command[0], &actions, &attributes, arguments, variables)
            }
        }
        guard status == 0 else {
            throw ChildProcessError(description: "\(command[0]): \(String(cString: strerror(status)))")
        }
        self.pid = pid
    }

    /// Sends a signal; false when the process is gone.
    @discardableResult
    public func signal(_ number: Int32) -> Bool {
        kill(pid, number) == 0
    }

    /// How it ended, without waiting; nil while it runs. Once it has told, it must not be asked again.
    public func reap() -> ProcessExit? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? .exited(status: (status >> 8) & 0xFF) : .killed(signal: signal)
    }
}

/// A NULL-terminated array of C strings for the time of the call.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("the array holds at least the NULL") }
        return body(base)
    }
}
