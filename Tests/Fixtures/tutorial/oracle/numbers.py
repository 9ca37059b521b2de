"""Number normalisation (section N) against the tables of one reference set."""

import re
from urllib.parse import unquote_to_bytes

DOMESTIC = {"US", "PR", "VI", "GU", "MP", "AS"}
WORDS = {"anonymous", "restricted", "unavailable", "unknown", "private", "withheld", "blocked"}
N11 = {f"{n}11" for n in range(2, 10)}


class Number:
    """What a raw number is; `digits` are those of the e164 without the plus."""

    def __init__(self, kind, e164=None, country=None, national=None, service_code=None, reason=None, flags=()):
        self.kind, self.e164, self.country, self.national = kind, e164, country, national
        self.service_code, self.reason, self.flags = service_code, reason, sorted(set(flags))
        self.rn, self.npdi = None, False

    @property
    def shown(self):
        return self.e164 or self.service_code

    def fields(self):
        names = "kind e164 country national service_code reason rn npdi flags".split()
        return {n: getattr(self, n) for n in names}


def invalid(reason, flags=()):
    return Number("invalid", reason=reason, flags=flags)


def normalize(raw, ref, context="voice"):
    text = (raw or "").strip()
    if text in ("", "<null>", "(null)", "null", "NULL"):  # N1
        return Number("missing")
    opening = text.find("<")
    closing = text.find(">", opening + 1)
    if opening >= 0 and closing >= 0:  # N2
        text = text[opening + 1 : closing].strip()
    scheme = re.match(r"(sips?|tel):", text, re.IGNORECASE)
    if scheme:
        text = text[scheme.end() :]
    if (scheme and scheme[1].lower() != "tel") or (not scheme and "@" in text):
        if "@" not in text:
            return invalid("NO_USER")
        text, host = text.split("@", 1)
        if re.split(r"[:;?>]", host)[0].strip().lower() == "anonymous.invalid":
            return Number("anonymous")
    if text.strip() == "":
        return Number("missing")
    number, *params = text.split(";")  # N3
    named = {}
    for p in params:
        name, eq, value = p.partition("=")
        named.setdefault(name.strip().lower(), value.strip() if eq else None)
    result = plain(unquote_to_bytes(number).decode("utf-8", "replace"), named.get("phone-context"), ref, context)
    portability(result, named, ref)
    return result


def portability(number, named, ref):
    """N12: rn and npdi of the user part."""
    bad_rn = False
    if "rn" in named:
        digits = re.sub(r"[ \-.()]", "", named["rn"] or "")
        digits = (
            digits[2:] if digits.startswith("+1") else digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
        )
        if re.fullmatch(r"\d{10}", digits, re.ASCII) and nanp(digits, ref, []).kind == "geographic":
            number.rn = digits
        else:
            bad_rn = True
            number.flags = sorted(set(number.flags) | {"RN_INVALID"})
    if "npdi" in named and not bad_rn:
        number.npdi = named["npdi"] is None or named["npdi"].lower() in ("yes", "true", "1")


def plain(text, phone_context, ref, context):
    if text.strip().lower() in WORDS:  # N4
        return Number("anonymous")
    digits = re.sub(r"[ \-.()]", "", text)  # N5
    if phone_context and phone_context.startswith("+") and digits and not digits.startswith("+"):
        digits = re.sub(r"[ \-.()]", "", phone_context) + digits
    if digits == "":
        return Number("missing")
    if digits.lstrip("+") in ("266696687", "86282452253") and digits.count("+") < 2:
        return Number("anonymous")
    if not re.fullmatch(r"\+?[0-9]+", digits, re.ASCII):
        return invalid("BAD_CHARS")
    if digits[0] == "+":  # N6
        return after_plus(digits[1:], ref, [])
    n = len(digits)  # N7
    if n == 3:
        if digits in ("911", "933"):
            return Number("emergency", country="US", service_code=digits)
        if digits in N11 or digits == "988":
            return Number("service", country="US", service_code=digits)
        return invalid("TOO_SHORT")
    if context == "sms" and n in (5, 6) and digits[0] not in "01":
        return Number("shortcode", country="US", service_code=digits)
    for idd in ("011", "00"):
        if digits.startswith(idd):
            return after_plus(digits[len(idd) :], ref, ["IDD_PREFIX"])
    if n == 10:
        return nanp(digits, ref, [])
    if n == 11 and digits[0] == "1":
        return nanp(digits[1:], ref, [])
    if 11 <= n <= 15 and digits[0] not in "01":
        return world(digits, ref, ["NO_PLUS"])
    return invalid("TOO_SHORT" if n < 10 else "TOO_LONG" if n > 15 else "BAD_LENGTH")


def after_plus(digits, ref, flags):
    if not digits.startswith("1"):
        return world(digits, ref, flags)
    return nanp(digits[1:], ref, flags) if len(digits) == 11 else invalid("BAD_LENGTH", flags)


def nanp(ten, ref, flags):
    """N9 and N10."""
    npa, nxx, line = ten[:3], ten[3:6], ten[6:]
    if not re.fullmatch(r"[2-9][0-8]\d", npa) or npa in N11:
        return invalid("INVALID_NPA", flags)
    row = ref.npa.get(npa)
    if row is None:
        return invalid("UNASSIGNED_NPA", flags)
    if row["type"] == "tollfree_reserved":
        return invalid("TOLLFREE_RESERVED", flags)
    if nxx[0] in "01" or nxx in N11:
        return invalid("INVALID_NXX", flags)
    home = row["country"] in DOMESTIC
    same = dict(e164="+1" + ten, national=ten, flags=flags)
    if row["type"] == "geo":
        if nxx == "555" and line == "1212":
            if home:
                return Number("service", country=row["country"], service_code="411", **same)
            return Number("international", country=row["country"], **same)
        if nxx == "555":
            return invalid("FICTITIOUS_555", flags)
        if nxx in ("950", "958", "959"):
            return invalid("INVALID_NXX", flags)
    if row["type"] == "tollfree":
        return Number("tollfree", country="US", **same)
    if row["type"] == "premium":
        return Number("premium", country="US", **same)
    if not home:
        return Number("international", country=row["country"], **same)
    if row["type"] == "geo":
        return Number("premium" if nxx == "976" else "geographic", country=row["country"], **same)
    return Number("nongeographic", country="US", **same)


def world(digits, ref, flags):
    """N11."""
    if len(digits) == 13 and digits.startswith("521"):
        digits, flags = "52" + digits[3:], flags + ["MX_LEGACY_1"]
    if len(digits) < 7:
        return invalid("TOO_SHORT", flags)
    if len(digits) > 15:
        return invalid("TOO_LONG", flags)
    country = next((ref.countries[digits[:n]] for n in range(len(digits), 0, -1) if digits[:n] in ref.countries), None)
    if country is None:
        return invalid("UNKNOWN_COUNTRY_CODE", flags)
    if digits[:3] in ("870", "881", "882", "883"):
        flags = flags + ["SATELLITE"]
    return Number("international", e164="+" + digits, country=country, flags=flags)
