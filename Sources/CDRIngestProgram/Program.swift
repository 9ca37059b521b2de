import CDRIngest

/// The program `cdr-ingest`. Its parts are a library, so that the benchmark can serve the same door with nothing behind it.
@main
struct Program {
    static func main() async {
        await CDRIngestCommand.main()
    }
}
