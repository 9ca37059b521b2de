import Wallet

/// The program `wallet`. Its parts are a library, so that the benchmark can ask them without HTTP.
@main
struct Program {
    static func main() async {
        await WalletCommand.main()
    }
}
