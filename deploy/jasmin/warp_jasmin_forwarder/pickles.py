"""Reads Jasmin's pickles without Jasmin, and without running anything that a pickle names.

Only what Jasmin 0.11 writes is let through; its classes become inert stand-ins that hold what was stored in them.
"""

import io
import pickle

# The order of smpp.pdu's statuses: older Pythons pickle an enumeration's member by its number in it, newer ones by name.
STATUSES = """
    ESME_ROK ESME_RINVMSGLEN ESME_RINVCMDLEN ESME_RINVCMDID ESME_RINVBNDSTS ESME_RALYBND ESME_RINVPRTFLG
    ESME_RINVREGDLVFLG ESME_RSYSERR ESME_RINVSRCADR ESME_RINVDSTADR ESME_RINVMSGID ESME_RBINDFAIL ESME_RINVPASWD
    ESME_RINVSYSID ESME_RCANCELFAIL ESME_RREPLACEFAIL ESME_RMSGQFUL ESME_RINVSERTYP ESME_RINVNUMDESTS ESME_RINVDLNAME
    ESME_RINVDESTFLAG ESME_RINVSUBREP ESME_RINVESMCLASS ESME_RCNTSUBDL ESME_RSUBMITFAIL ESME_RINVSRCTON
    ESME_RINVSRCNPI ESME_RINVDSTTON ESME_RINVDSTNPI ESME_RINVSYSTYP ESME_RINVREPFLAG ESME_RINVNUMMSGS ESME_RTHROTTLED
    ESME_RINVSCHED ESME_RINVEXPIRY ESME_RINVDFTMSGID ESME_RX_T_APPN ESME_RX_P_APPN ESME_RX_R_APPN ESME_RQUERYFAIL
    ESME_RINVOPTPARSTREAM ESME_ROPTPARNOTALLWD ESME_RINVPARLEN ESME_RMISSINGOPTPARAM ESME_RINVOPTPARAMVAL
    ESME_RDELIVERYFAILURE ESME_RUNKNOWNERR ESME_RSERTYPUNAUTH ESME_RPROHIBITED ESME_RSERTYPUNAVAIL ESME_RSERTYPDENIED
    ESME_RINVDCS ESME_RINVSRCADDRSUBUNIT ESME_RINVDSTADDRSUBUNIT ESME_RINVBCASTFREQINT ESME_RINVBCASTALIAS_NAME
    ESME_RINVBCASTAREAFMT ESME_RINVNUMBCAST_AREAS ESME_RINVBCASTCNTTYPE ESME_RINVBCASTMSGCLASS ESME_RBCASTFAIL
    ESME_RBCASTQUERYFAIL ESME_RBCASTCANCELFAIL ESME_RINVBCAST_REP ESME_RINVBCASTSRVGRP ESME_RINVBCASTCHANIND
    RESERVEDSTATUS_SMPP_EXTENSION RESERVEDSTATUS_VENDOR_SPECIFIC RESERVEDSTATUS RESERVEDSTATUS_UNKNOWN_STATUS""".split()
ALPHABETS = {
    "SMSC_DEFAULT_ALPHABET": 0, "IA5_ASCII": 1, "OCTET_UNSPECIFIED": 2, "LATIN_1": 3, "OCTET_UNSPECIFIED_COMMON": 4,
    "JIS": 5, "CYRILLIC": 6, "ISO_8859_8": 7, "UCS2": 8, "PICTOGRAM": 9, "ISO_2022_JP": 10, "EXTENDED_KANJI_JIS": 13,
    "KS_C_5601": 14,
}
SCHEMES = ["RAW", "DEFAULT", "GSM_MESSAGE_CLASS"]
GSM_CODINGS = {"DEFAULT_ALPHABET": 0x00, "DATA_8BIT": 0x04}
GSM_CLASSES = ["NO_MESSAGE_CLASS", "CLASS_1", "CLASS_2", "CLASS_3"]
MEMBERS = {
    "CommandStatus": STATUSES, "DataCodingScheme": SCHEMES, "DataCodingDefault": list(ALPHABETS),
    "DataCodingGsmMsgCoding": list(GSM_CODINGS), "DataCodingGsmMsgClass": GSM_CLASSES,
}
# Larger than any message that Jasmin makes; what is larger is no message.
MOST_BYTES = 1 << 20


class UnreadablePickle(Exception):
    """Bytes that are no pickle of Jasmin's."""


class Inert:
    """What stands in for an object of Jasmin's: the arguments it was made of and its attributes, no behaviour."""

    def __new__(cls, *arguments):
        made = object.__new__(cls)
        made.arguments = arguments
        return made

    def __init__(self, *arguments):
        pass

    def __setstate__(self, state):
        if not isinstance(state, dict):
            raise UnreadablePickle("an object's state is no dictionary")
        self.__dict__.update(state)

    @property
    def name(self):
        """The member of an enumeration that this is, by whichever way it was pickled."""
        (value,) = self.arguments
        if isinstance(value, str):
            return value
        members = MEMBERS.get(type(self).__name__, [])
        return members[value - 1] if isinstance(value, int) and 1 <= value <= len(members) else str(value)


def member(enumeration, name):
    """Takes the place of getattr, which newer Pythons use to pickle a member: good for enumerations alone."""
    if not (isinstance(enumeration, type) and issubclass(enumeration, Inert) and isinstance(name, str)):
        raise UnreadablePickle("getattr of something that is no enumeration")
    return enumeration(name)


def encoded(text, encoding):
    """Takes the place of _codecs.encode, by which Python 2's protocol writes bytes."""
    if encoding != "latin1" or not isinstance(text, str):
        raise UnreadablePickle(f"bytes in the encoding {encoding!r}")
    return text.encode("latin-1")


def pattern(*_):
    """A user's filter; what it matches is no matter here."""
    return None


ALLOWED = {
    ("_codecs", "encode"): encoded,
    ("re", "_compile"): pattern,
    ("datetime", "datetime"): type("datetime", (Inert,), {}),
    ("copy_reg", "_reconstructor"): lambda made, *_: made(), ("copyreg", "_reconstructor"): lambda made, *_: made(),
}
for builtins in ("builtins", "__builtin__"):
    ALLOWED |= {
        (builtins, "getattr"): member, (builtins, "set"): set, (builtins, "frozenset"): frozenset,
        (builtins, "object"): object, (builtins, "bytes"): bytes, (builtins, "bytearray"): bytes,
    }
STAND_INS = {}


class Reader(pickle.Unpickler):
    """An unpickler that knows the names above and Jasmin's own, and refuses every other."""

    def find_class(self, module, name):
        if (module, name) in ALLOWED:
            return ALLOWED[module, name]
        if module.split(".")[0] in ("jasmin", "smpp") and name.isidentifier():
            return STAND_INS.setdefault((module, name), type(name, (Inert,), {})) if len(STAND_INS) < 500 else Inert
        raise UnreadablePickle(f"a pickle names {module}.{name}")

    def persistent_load(self, _):
        raise UnreadablePickle("a pickle refers to something outside of itself")


def read(data):
    """The object in a pickle. Whatever is wrong with the bytes comes out as UnreadablePickle."""
    if len(data) > MOST_BYTES:
        raise UnreadablePickle(f"{len(data)} bytes are no message")
    try:
        return Reader(io.BytesIO(data)).load()
    except UnreadablePickle:
        raise
    except Exception as fault:  # A broken pickle may raise nearly anything.
        raise UnreadablePickle(f"{type(fault).__name__}: {fault}") from fault


def data_coding(value):
    """The data_coding byte of a PDU: Jasmin holds a number for what it sends and an object for what it receives."""
    if value is None or isinstance(value, int):
        return value
    scheme, data = value.scheme.name, value.schemeData
    if scheme == "RAW":
        return data if isinstance(data, int) else None
    if scheme == "DEFAULT":
        return ALPHABETS.get(data.name)
    coding, message_class = data.arguments
    return 0xF0 | GSM_CODINGS.get(coding.name, 0) | max(0, GSM_CLASSES.index(message_class.name))
