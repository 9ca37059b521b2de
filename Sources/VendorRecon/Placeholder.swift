@main
enum VendorReconPlaceholder {
    static func main() {}
}
