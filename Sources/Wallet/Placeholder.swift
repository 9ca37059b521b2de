@main
enum WalletPlaceholder {
    static func main() {}
}
