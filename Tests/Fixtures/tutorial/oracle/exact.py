"""Exact numbers and instants: fractions and integers only, one rounding at a named step (G1-G4)."""

import datetime as dt
import re
from fractions import Fraction

MS_PER_DAY = 86_400_000
EPOCH = dt.datetime(1970, 1, 1)
STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def units(x, places):
    """x in units of 10^-places, rounded half away from zero (G2)."""
    scaled = abs(Fraction(x)) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return -whole if x < 0 else whole


def rounded(x, places):
    return Fraction(units(x, places), 10**places)


def text(x, places):
    """The decimal with exactly that many digits (G3); None stays None."""
    if x is None:
        return None
    n = units(x, places)
    digits = str(abs(n)).rjust(places + 1, "0")
    body = digits[:-places] + "." + digits[-places:] if places else digits
    return "-" + body if n < 0 else body


def ceil_div(a, b):
    return -(-a // b)


class BadStamp(ValueError):
    pass


def instant(raw):
    """Milliseconds since 1970 UTC; None when absent; BadStamp when it can't be parsed (G4)."""
    if raw is None or raw.strip() == "":
        return None
    m = STAMP.fullmatch(raw.strip())
    if not m:
        raise BadStamp(raw)
    try:
        local = dt.datetime(*(int(x) for x in m.groups()[:6]))
    except ValueError:
        raise BadStamp(raw)
    ms = (local - EPOCH) // dt.timedelta(milliseconds=1) + int(((m[7] or "") + "000")[:3])
    zone = m[8]
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        if minutes > 59:
            raise BadStamp(raw)
        ms -= (1 if zone[0] == "+" else -1) * (hours * 60 + minutes) * 60_000
    return ms


def read_stamps(record, names, flags):
    out = {}
    for name in names:
        try:
            out[name] = instant(record.get(name))
        except BadStamp:
            flags.add("BAD_TIMESTAMP")
            out[name] = None
    return out


def stamp(ms):
    if ms is None:
        return None
    t = EPOCH + dt.timedelta(milliseconds=ms)
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def day_of(ms):
    return None if ms is None else (EPOCH + dt.timedelta(milliseconds=ms)).date().isoformat()


def midnight(date):
    """00:00 UTC of an ISO date."""
    return (dt.date.fromisoformat(date) - EPOCH.date()).days * MS_PER_DAY


def thirteen_months_before(ms):
    """How long keys are kept (G8)."""
    t = EPOCH + dt.timedelta(milliseconds=ms)
    months = t.year * 12 + t.month - 1 - 13
    return (t.replace(year=months // 12, month=months % 12 + 1, day=min(t.day, 28)) - EPOCH) // dt.timedelta(
        milliseconds=1
    )
