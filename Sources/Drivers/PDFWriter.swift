import CHaru

/// A PDF of text, lines and filled boxes, by libharu. Lengths are points (1/72 inch) from the page's top left corner;
/// a text's `y` is its baseline. Text outside Windows-1252 prints as `?`.
public final class PDFWriter {
    /// The fonts that every PDF reader has.
    public enum Font: String, Sendable {
        case regular = "Helvetica"
        case bold = "Helvetica-Bold"
        case italic = "Helvetica-Oblique"
        case monospaced = "Courier"
    }

    /// A page's size.
    public struct Page: Sendable {
        public var width: Float
        public var height: Float

        public init(width: Float, height: Float) {
            self.width = width
            self.height = height
        }

        public static let letter = Page(width: 612, height: 792)
        public static let a4 = Page(width: 595, height: 842)
    }

    /// Red, green and blue from 0 to 1.
    public struct Color: Sendable {
        public var red: Float
        public var green: Float
        public var blue: Float

        public init(red: Float, green: Float, blue: Float) {
            self.red = red
            self.green = green
            self.blue = blue
        }

        public static let black = Color(red: 0, green: 0, blue: 0)
        public static let gray = Color(red: 0.45, green: 0.45, blue: 0.45)
    }

    /// libharu refused; its error code.
    public struct Failure: Error, Sendable, Equatable {
        public let code: UInt
    }

    private let document: HPDF_Doc
    private var page: HPDF_Page
    private var pageHeight: Float
    private var fonts: [Font: HPDF_Font] = [:]

    /// A document of one empty page.
    public init(title: String, firstPage size: Page) throws(Failure) {
        guard let document = HPDF_New(nil, nil), let page = HPDF_AddPage(document) else { throw Failure(code: 0) }
        self.document = document
        self.page = page
        pageHeight = size.height
        HPDF_Page_SetWidth(page, size.width)
        HPDF_Page_SetHeight(page, size.height)
        HPDF_SetCompressionMode(document, HPDF_UINT(HPDF_COMP_ALL))
        HPDF_SetInfoAttr(document, HPDF_INFO_TITLE, PDFWriter.encoded(title))
        try check()
    }

    deinit {
        HPDF_Free(document)
    }

    /// Starts a new page; what follows is drawn on it.
    public func addPage(_ size: Page) throws(Failure) {
        guard let page = HPDF_AddPage(document) else { throw Failure(code: UInt(HPDF_GetError(document))) }
        HPDF_Page_SetWidth(page, size.width)
        HPDF_Page_SetHeight(page, size.height)
        self.page = page
        pageHeight = size.height
        try check()
    }

    /// Draws one line of text with its left end at `x`.
    public func text(
        _ text: String, x: Float, y: Float, font: Font = .regular, size: Float = 10, color: Color = .black
    ) throws(Failure) {
        HPDF_Page_SetRGBFill(page, color.red, color.green, color.blue)
        HPDF_Page_SetFontAndSize(page, handle(of: font), size)
        HPDF_Page_BeginText(page)
        HPDF_Page_TextOut(page, x, pageHeight - y, PDFWriter.encoded(text))
        HPDF_Page_EndText(page)
        try check()
    }

    /// Draws one line of text with its right end at `x`: amounts in a column.
    public func text(
        _ text: String, rightX x: Float, y: Float, font: Font = .regular, size: Float = 10, color: Color = .black
    ) throws(Failure) {
        let left = x - width(of: text, font: font, size: size)
        try self.text(text, x: left, y: y, font: font, size: size, color: color)
    }

    /// The width of a line of text.
    public func width(of text: String, font: Font = .regular, size: Float = 10) -> Float {
        let bytes = PDFWriter.encoded(text)
        let width = bytes.withUnsafeBufferPointer { buffer in
            HPDF_Font_TextWidth(
                handle(of: font), UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: HPDF_BYTE.self),
                HPDF_UINT(buffer.count - 1))
        }
        // Fonts are measured in thousandths of their size.
        return Float(width.width) * size / 1_000
    }

    /// Draws a straight line.
    public func line(
        fromX x: Float, y: Float, toX endX: Float, y endY: Float, width: Float = 0.5, color: Color = .black
    ) throws(Failure) {
        HPDF_Page_SetRGBStroke(page, color.red, color.green, color.blue)
        HPDF_Page_SetLineWidth(page, width)
        HPDF_Page_MoveTo(page, x, pageHeight - y)
        HPDF_Page_LineTo(page, endX, pageHeight - endY)
        HPDF_Page_Stroke(page)
        try check()
    }

    /// Fills a box whose top left corner is at (x, y).
    public func box(x: Float, y: Float, width: Float, height: Float, color: Color) throws(Failure) {
        HPDF_Page_SetRGBFill(page, color.red, color.green, color.blue)
        HPDF_Page_Rectangle(page, x, pageHeight - y - height, width, height)
        HPDF_Page_Fill(page)
        try check()
    }

    /// The whole document.
    public func bytes() throws(Failure) -> [UInt8] {
        HPDF_SaveToStream(document)
        try check()
        var size = HPDF_GetStreamSize(document)
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            HPDF_ReadFromStream(document, buffer.baseAddress, &size)
            count = Int(size)
        }
        return bytes
    }

    private func handle(of font: Font) -> HPDF_Font? {
        if let known = fonts[font] { return known }
        let made = HPDF_GetFont(document, font.rawValue, "WinAnsiEncoding")
        fonts[font] = made
        return made
    }

    /// libharu remembers its first error.
    private func check() throws(Failure) {
        let code = HPDF_GetError(document)
        if code != 0 { throw Failure(code: UInt(code)) }
    }

    /// A C string in Windows-1252.
    private static func encoded(_ text: String) -> [CChar] {
        text.unicodeScalars.map { scalar in
            switch scalar.value {
            case 0x20...0x7E, 0xA0...0xFF: CChar(bitPattern: UInt8(scalar.value))
            default: CChar(bitPattern: windows1252[scalar] ?? UInt8(ascii: "?"))
            }
        } + [0]
    }

    private static let windows1252: [Unicode.Scalar: UInt8] = [
        "€": 0x80, "…": 0x85, "‘": 0x91, "’": 0x92, "“": 0x93, "”": 0x94, "•": 0x95, "–": 0x96, "—": 0x97, "™": 0x99,
    ]
}
