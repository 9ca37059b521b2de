"""What a benchmark prints: rows of JSON on standard output, and how far it is on standard error."""

import json
import math
import sys


def row(name: str, figure: float, unit: str, rss: int, peer: str | None = None, peer_figure: float | None = None, note: str = ""):
    """Prints a figure; `rss` is in bytes, `peer_figure` in the same unit as the figure."""
    print(json.dumps({
        "name": name, "value": rounded(figure), "unit": unit, "peer": peer,
        "peer_value": rounded(peer_figure) if peer_figure else None, "ratio": rounded(figure / peer_figure) if peer_figure else None,
        "rss_bytes": rss, "note": note,
    }), flush=True)


def rounded(figure: float) -> float:
    """Four significant digits."""
    return round(figure, 3 - math.floor(math.log10(abs(figure)))) if figure else 0


def say(what: str):
    print(what, file=sys.stderr, flush=True)
