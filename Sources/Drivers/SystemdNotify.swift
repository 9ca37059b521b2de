import CSystemd
import Glibc

/// Messages to the service manager. Without one (`NOTIFY_SOCKET` is not set) they do nothing.
public enum SystemdNotify {
    /// READY=1: the door is open.
    @discardableResult
    public static func ready() -> Bool { send("READY=1") }

    /// STOPPING=1
    @discardableResult
    public static func stopping() -> Bool { send("STOPPING=1") }

    /// STATUS=…: one line for `systemctl status`.
    @discardableResult
    public static func status(_ text: String) -> Bool {
        send("STATUS=" + text.replacing("\n", with: " "))
    }

    /// WATCHDOG=1: every worker still makes progress.
    @discardableResult
    public static func watchdog() -> Bool { send("WATCHDOG=1") }

    /// How often the manager wants to hear `watchdog()` at the least; nil when it does not, or means another process.
    /// Send twice as often.
    public static var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(microseconds)
    }

    /// Whether the message went out.
    private static func send(_ message: String) -> Bool {
        sd_notify(0, message) > 0
    }
}
