"""Where a call comes from and goes to: enrichment, caller, jurisdiction and class key (sections E, J, K)."""

from .numbers import normalize

TO_PSTN, FROM_PSTN = {"outbound", "terminating", "egress"}, {"inbound", "originating", "ingress"}
DOMESTIC_JURISDICTIONS = ("interstate", "intrastate", "local", "indeterminate")


def called_number(cdr, ref, flags):
    """E1: the number called, with the rn and npdi that count for it."""
    dni, ruri = normalize(cdr.get("dni"), ref), normalize(cdr.get("sip_ruri"), ref)
    if "RN_INVALID" in ruri.flags:
        flags.add("RN_INVALID")
    good = lambda n: n.kind not in ("missing", "invalid")
    chosen = dni if good(dni) else ruri if good(ruri) else ruri if dni.kind == "missing" else dni
    rn, npdi = ruri.rn, ruri.npdi
    if (rn or npdi) and (ruri.e164 is None or ruri.e164 != chosen.e164):
        flags.add("RURI_DNI_MISMATCH")
        rn, npdi = None, False
    return chosen, rn, npdi


def split_values(header):
    """J1: values of a header; commas inside "..." or <...> don't split."""
    out, quoted, angle, value = [], False, False, ""
    for c in header or "":
        if c == '"' and not angle:
            quoted = not quoted
        elif c == "<" and not quoted:
            angle = True
        elif c == ">" and not quoted:
            angle = False
        if c == "," and not quoted and not angle:
            out, value = out + [value], ""
        else:
            value += c
    return out + [value]


def calling_number(cdr, direction, btn, ref, flags):
    """J1-J3: the caller and where we know him from."""
    tollfree = None
    for source, column in (
        ("pci", "sip_pci"),
        ("pai", "sip_pai"),
        ("rpid", "sip_rpid"),
        ("raw", "raw_ani"),
        ("from", "sip_from"),
    ):
        for value in split_values(cdr.get(column)):
            n = normalize(value, ref)
            if n.kind in ("geographic", "international"):
                return n, source
            if n.kind == "anonymous":
                flags.add("ANI_RESTRICTED")
            elif n.kind == "invalid":
                flags.add("ANI_INVALID")
            elif n.kind == "tollfree" and tollfree is None:
                tollfree = (n, source)
    if direction == "TERMINATING" and normalize(btn, ref).kind == "geographic":
        flags.add("ANI_FALLBACK_BTN")
        return normalize(btn, ref), "btn"
    flags.add("ANI_TOLLFREE" if tollfree else "ANI_MISSING")
    return tollfree or (None, "none")


def location(number, lrn, ref, flags):
    """E5: state, LATA, OCN of the LRN's block; the rate centre of the number's own."""
    own = ref.block(number.national)
    block = ref.block(lrn)
    if block is None and lrn != number.national:
        flags.add("LRN_NOT_IN_LERG")
    block = block or own
    if block is None:
        flags.add("LERG_MISS")
        block = {"state": ref.npa[number.national[:3]]["state"], "lata": None, "ocn": None}
    return {
        "state": block["state"],
        "lata": block["lata"],
        "ocn": block["ocn"],
        "rate_center": own["rate_center"] if own else None,
    }


NOWHERE = {"state": None, "lata": None, "ocn": None, "rate_center": None}


def dip(number, rn, npdi, at, ref):
    """E2, E3."""
    if number is None or number.kind != "geographic":
        return None, "none"
    if rn:
        return rn, "uri_rn"
    if npdi:
        return number.national, "uri_npdi"
    lrn = ref.ported_to(number.national, at)
    return (lrn, "table") if lrn else (number.national, "self")


# -- jurisdiction ------------------------------------------------------------------------------------------------------


def domestic_jurisdiction(ani, a, d, ref, flags):
    """J7."""
    if ani is None or ani.kind == "tollfree":
        return "indeterminate"
    if ani.kind == "international":
        flags.add("ANI_FOREIGN")
        return "indeterminate"
    if a["state"] is None or d["state"] is None:
        flags.add("STATE_UNKNOWN")
        return "indeterminate"
    if a["rate_center"] and d["rate_center"]:
        if a["state"] == d["state"] and a["rate_center"] == d["rate_center"]:
            return "local"
        pair = {(a["state"], a["rate_center"]), (d["state"], d["rate_center"])}
        if any(pair <= area for area in ref.areas.values()):
            return "local"
    return "intrastate" if a["state"] == d["state"] else "interstate"


def jurisdiction_of(direction, ani, dni, a, d, ref, flags):
    """J5, J6."""
    kind = dni.kind
    if direction is None:
        return "invalid"
    if kind == "nongeographic":
        flags.add("NON_GEOGRAPHIC")
        return "indeterminate"
    if direction == "TERMINATING" and kind in ("emergency", "service", "premium", "tollfree", "international"):
        return kind
    if direction == "ORIGINATING" and kind in ("tollfree", "international"):
        return kind
    if kind == "geographic":
        if direction == "ORIGINATING" and ani is not None and ani.kind == "international":
            return "international"
        return domestic_jurisdiction(ani, a, d, ref, flags)
    flags.add("DNI_INVALID")
    return "invalid"


def by_states(ani, ani_state, other_state):
    if ani is not None and ani.kind == "international":
        return "international"
    if ani_state is None or other_state is None:
        return "indeterminate"
    return "intrastate" if ani_state == other_state else "interstate"


def tax_jurisdiction_of(direction, jurisdiction, ani, dni, a, d, ring_to, ref):
    """J8."""
    if jurisdiction in ("emergency", "invalid"):
        return "none"
    if jurisdiction == "service":
        return by_states(ani, a["state"], ref.npa[dni.national[:3]]["state"]) if dni.national else "intrastate"
    if jurisdiction == "premium" or dni.kind == "nongeographic":
        return "indeterminate"
    if jurisdiction == "international":
        return "international"
    if jurisdiction == "tollfree":
        if direction == "TERMINATING":
            return "indeterminate"
        ring = normalize(ring_to, ref)
        block = ref.block(ring.national) if ring.national else None
        state = block["state"] if block else ref.npa[ring.national[:3]]["state"] if ring.national else None
        return by_states(ani, a["state"], state)
    if ani is None or ani.kind == "tollfree":
        return "indeterminate"
    return by_states(ani, a["state"], d["state"])


def class_key_of(direction, jurisdiction):
    """K1-K3."""
    if direction is None:
        return "UNKNOWN"
    if jurisdiction in DOMESTIC_JURISDICTIONS:
        return "TERMINATING:DOMESTIC:" + jurisdiction.upper() if direction == "TERMINATING" else "ORIGINATING:DOMESTIC"
    return f"{direction}:{jurisdiction.upper()}"
