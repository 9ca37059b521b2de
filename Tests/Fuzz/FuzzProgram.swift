import Foundation

/// `libFuzzer` over one of the targets: `WARP_FUZZ_TARGET=json Fuzz -max_total_time=60 CORPUS…`. Built only where `WARP_FUZZ` is set and
/// with `--sanitize fuzzer`; deploy/campaigns/fuzz does that.
@main
enum FuzzProgram {
    /// libFuzzer's callback is a C function, which can't capture what it was told.
    nonisolated(unsafe) private static var target = FuzzTarget.json

    static func main() {
        let name = ProcessInfo.processInfo.environment["WARP_FUZZ_TARGET"] ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            preconditionFailure("WARP_FUZZ_TARGET is one of \(FuzzTarget.allCases.map(\.rawValue))")
        }
        self.target = target
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(
            runDriver(&count, &arguments) { bytes, count in
                FuzzProgram.target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
                return 0
            })
    }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
