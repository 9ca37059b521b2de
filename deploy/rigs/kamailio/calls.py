"""The calls that the rig makes, and what must come of each kind."""

from dataclasses import dataclass

from rtpengine import MEDIA

POSTPAID, PREPAID, BROKE, UNKNOWN, RICH, SLOW = (f"127.0.0.{host}" for host in range(2, 8))
CUSTOMERS = [
    (POSTPAID, "ban=BAN100001;partition=us-premium"),
    (PREPAID, "ban=BAN100002;partition=us-standard;prepaid=yes"),
    (BROKE, "ban=BAN100003;partition=us-standard;prepaid=yes"),
    (UNKNOWN, "ban=BAN100004;partition=us-standard;prepaid=yes"),
    (RICH, "ban=BAN100005;partition=us-standard;prepaid=yes"),
    (SLOW, "ban=BAN100006;partition=us-standard;prepaid=yes"),
]
BANS = {address: tag.split(";")[0].removeprefix("ban=") for address, tag in CUSTOMERS}
# Seconds that wallet's stand-in grants a call; grants a rich customer at first, and when it is asked for more; how long before its
# limit a call asks; and after how many seconds Kamailio cuts a call that nobody ends.
GRANTED = 2
GRANTED_RICH, EXTENDED = 5, 9
EXTEND_BEFORE = 3
LONGEST = 5

IDENTITY = (
    '\r\nP-Asserted-Identity: "Acme Test" <sip:+12145550102@sbc1.example.net;user=phone>'
    "\r\nRemote-Party-ID: <sip:+12145550102@sbc1.example.net>;party=calling;screen=yes;privacy=off"
    "\r\nP-Charge-Info: <sip:+12145550199@sbc1.example.net>;noa=2")


@dataclass
class Kind:
    """One kind of call. `tries` are the attempts: vendor, disposition and final code."""
    name: str
    scenario: str
    called: str
    disposition: str
    code: int
    tries: tuple
    hung_up: str | None = None
    address: str = POSTPAID
    hold: int = 700
    display: str = '"Test Caller"'
    caller: str = "+12145550102"
    extra: str = ""
    seconds: int | None = None
    authorized: int | None = None
    # MOS, loss and jitter of the answered attempt; else what the BYE of the side that hung up says.
    media: tuple | None = None
    calls: int = 3
    rate: int = 2

    @property
    def ban(self):
        return BANS[self.address]


ANSWERED = ("first", "ANSWERED", 200)
REFUSED = ("first", "FAILED", 503)
TAKEN = ("second", "ANSWERED", 200)

KINDS = [
    Kind("answered", "talks", "+12125550101", "ANSWERED", 200, (ANSWERED,), "caller", hold=1200),
    Kind("identities", "talks", "+12125550111", "ANSWERED", 200, (ANSWERED,), "caller", extra=IDENTITY,
         display='"Ann \\"The Boss\\" O\'Neil, $ru"'),
    Kind("ported", "talks", "+12025550142;npdi;rn=+12025551000", "ANSWERED", 200, (ANSWERED,), "caller"),
    Kind("not-utf8", "talks", "+12125550112", "ANSWERED", 200, (ANSWERED,), "caller", display='"Ren\udce9"'),
    Kind("callee-ends", "listens", "+12125550102", "ANSWERED", 200, (ANSWERED,), "callee"),
    Kind("re-invite", "changes", "+12125550113", "ANSWERED", 200, (ANSWERED,), "caller"),
    Kind("no-bye", "listens", "+12125550114", "ANSWERED", 200, (ANSWERED,), "switch", seconds=LONGEST),
    # The caller is gone: nobody answers the BYE on that side.
    Kind("vanished", "vanishes", "+12125550121", "ANSWERED", 200, (ANSWERED,), "switch", seconds=LONGEST),
    Kind("many", "talks", "+12125550120", "ANSWERED", 200, (ANSWERED,), "caller", hold=250, calls=240, rate=40),
    Kind("busy", "refused", "+12125550103", "BUSY", 486, (("first", "BUSY", 486),)),
    Kind("not-found", "refused", "+12125550109", "FAILED", 404, (("first", "FAILED", 404),)),
    Kind("cancelled", "cancels", "+12125550104", "CANCELLED", 487, (("first", "CANCELLED", 487),), hold=400),
    Kind("failover", "talks", "+12125550105", "ANSWERED", 200, (REFUSED, TAKEN), "caller"),
    # Kamailio makes a 500 of a vendor's 503 (RFC 3261, 16.7).
    Kind("all-refuse", "refused", "+12125550106", "FAILED", 500, (REFUSED, ("second", "FAILED", 503))),
    Kind("all-silent", "refused", "+12125550110", "TIMEOUT", 408, (("first", "TIMEOUT", 408), ("second", "TIMEOUT", 408))),
    Kind("redirect", "talks", "+12125550107", "ANSWERED", 200, (("first", "REDIRECTED", 302), ANSWERED), "caller"),
    Kind("silence", "talks", "+12125550108", "ANSWERED", 200, (("first", "TIMEOUT", 408), TAKEN), "caller"),
    Kind("prepaid", "talks", "+12125550115", "ANSWERED", 200, (ANSWERED,), "caller", address=PREPAID, authorized=GRANTED),
    Kind("cut", "listens", "+12125550116", "ANSWERED", 200, (ANSWERED,), "switch", address=PREPAID, seconds=GRANTED,
         authorized=GRANTED),
    Kind("extended", "talks", "+12125550122", "ANSWERED", 200, (ANSWERED,), "caller", address=RICH, hold=6500, authorized=EXTENDED),
    # Wallet has not answered yet.
    Kind("gives-up", "gives-up", "+12125550127", "CANCELLED", 487, (), address=SLOW, hold=200, authorized=GRANTED),
    Kind("denied", "refused", "+12125550117", "REJECTED", 402, (), address=BROKE),
]
NO_WALLET = Kind("no-wallet", "refused", "+12125550118", "REJECTED", 503, (), address=UNKNOWN)
# Made while cdr-ingest is away.
WHILE_AWAY = [
    Kind("away-answered", "talks", "+12125550119", "ANSWERED", 200, (ANSWERED,), "caller", hold=300, extra=IDENTITY,
         display='"Ann \\"The Boss\\""', calls=60, rate=20),
    Kind("away-failover", "talks", "+12125550105", "ANSWERED", 200, (REFUSED, TAKEN), "caller", hold=300),
    Kind("away-busy", "refused", "+12125550103", "BUSY", 486, (("first", "BUSY", 486),)),
]
# While cdr-ingest is frozen; while Redis is away too; and while Kamailio's memory is full besides.
WHILE_FROZEN = [Kind("frozen", "talks", "+12125550123", "ANSWERED", 200, (ANSWERED,), "caller", hold=200, calls=30, rate=20)]
WHILE_NOTHING = [Kind("nothing-there", "talks", "+12125550124", "ANSWERED", 200, (ANSWERED,), "caller", hold=200, calls=30, rate=20)]
WHILE_FULL = [Kind("memory-full", "talks", "+12125550125", "ANSWERED", 200, (ANSWERED,), "caller", hold=200, calls=30, rate=20)]
MEASURED = [Kind("rtpengine", "talks", "+12125550126", "ANSWERED", 200, (ANSWERED,), "caller", hold=200, media=MEDIA)]
