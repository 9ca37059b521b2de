"""The calls that the rig makes, and what must come of each kind."""

from dataclasses import dataclass

from rtpengine import MEDIA

POSTPAID, PREPAID, BROKE, UNKNOWN, RICH, SLOW, POOR = (f"127.0.0.{host}" for host in range(2, 9))
CUSTOMERS = [
    (POSTPAID, "ban=BAN100001;partition=us-premium"),
    (PREPAID, "ban=BAN100002;partition=us-standard;prepaid=yes"),
    (BROKE, "ban=BAN100003;partition=us-standard;prepaid=yes"),
    (UNKNOWN, "ban=BAN100004;partition=us-standard;prepaid=yes"),
    (RICH, "ban=BAN100005;partition=us-standard;prepaid=yes"),
    (SLOW, "ban=BAN100006;partition=us-standard;prepaid=yes"),
    (POOR, "ban=BAN100007;partition=us-standard;prepaid=yes"),
]
BANS = {address: tag.split(";")[0].removeprefix("ban=") for address, tag in CUSTOMERS}
# Numbers with 555 behind the area code are nobody's, and wallet prices no call to them: prepaid calls go to others.
# What a minute costs, which is a tenth of a dollar a second; and what the customers have that wallet knows.
INTERSTATE = "6.0000000"
MONEY = {PREPAID: "1000.0000", BROKE: "0.0999", RICH: "0.6000", SLOW: "1000.0000", POOR: "0.3999"}
# What comes in while the rich customer talks.
MORE_MONEY = "0.4000"
# Seconds that wallet grants, one less than it holds: to those who have enough, to the poor one, and to the rich one (5 at first) when
# Kamailio asks for more. How long before its limit a call asks, and after how many seconds Kamailio cuts a call that nobody ends, and
# one for which wallet gave no answer and that was let through all the same.
GRANTED = 299
GRANTED_POOR = 2
EXTENDED = 9
EXTEND_BEFORE = 3
LONGEST = 5
UNASKED = 2
EMERGENCY = "911"

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
    caller: str = "+12146000102"
    extra: str = ""
    seconds: int | None = None
    authorized: int | None = None
    # The state in which its hold ends, where it has one.
    held: str | None = None
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
    Kind("prepaid", "talks", "+12126000115", "ANSWERED", 200, (ANSWERED,), "caller", address=PREPAID, authorized=GRANTED, held="ended"),
    Kind("busy-prepaid", "refused", "+12126000103", "BUSY", 486, (("first", "BUSY", 486),), address=PREPAID, authorized=GRANTED,
         held="released"),
    Kind("cut", "listens", "+12126000116", "ANSWERED", 200, (ANSWERED,), "switch", address=POOR, seconds=GRANTED_POOR,
         authorized=GRANTED_POOR, held="ended", calls=1),
    Kind("extended", "talks", "+12126000122", "ANSWERED", 200, (ANSWERED,), "caller", address=RICH, hold=6500, authorized=EXTENDED,
         held="ended", calls=1),
    Kind("denied", "refused", "+12126000117", "REJECTED", 402, (), address=BROKE),
    Kind("unknown", "refused", "+12126000128", "REJECTED", 402, (), address=UNKNOWN),
]
# Wallet has not answered yet.
GIVES_UP = Kind(
    "gives-up", "gives-up", "+12126000127", "CANCELLED", 487, (), address=SLOW, hold=200, authorized=GRANTED, held="released", calls=1)
# It takes questions and does not answer; it goes away while a call lasts; it is away.
NO_ANSWER = Kind("no-answer", "refused", "+12126000129", "REJECTED", 503, (), address=SLOW, held="released")
TOLD_LATER = Kind(
    "told-later", "talks", "+12126000130", "ANSWERED", 200, (ANSWERED,), "caller", address=PREPAID, hold=2500, authorized=GRANTED,
    held="ended")
NO_WALLET = Kind("no-wallet", "refused", "+12126000118", "REJECTED", 503, (), address=PREPAID)
UNASKED_FOR = Kind(
    "unasked-for", "listens", "+12126000131", "ANSWERED", 200, (ANSWERED,), "switch", address=PREPAID, seconds=UNASKED,
    authorized=UNASKED)
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
