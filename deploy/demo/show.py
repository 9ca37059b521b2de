"""Tables and headings for a terminal."""

import os
import sys

COLOURS = sys.stdout.isatty() and os.environ.get("NO_COLOR") is None


def paint(text, code):
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


def heading(text):
    print("\n" + paint(text, "1;36"))


def line(text):
    print("  " + text)


def table(titles, rows, left=1):
    """Columns as wide as their widest cell; the first `left` are set left, the others right."""
    cells = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(len(title), *(len(row[i]) for row in cells)) if cells else len(title) for i, title in enumerate(titles)]

    def row_text(row):
        return "  ".join(c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip()

    line(paint(row_text(titles), "2"))
    line(paint("─" * (sum(widths) + 2 * (len(widths) - 1)), "2"))
    for row in cells:
        line(row_text(row))


def verdict(ok):
    return paint("✔", "32") if ok else paint("✘", "31")
