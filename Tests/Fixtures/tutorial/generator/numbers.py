"""The day, the seeded source of chance, and the numbers that exist in the world."""

import csv
import datetime as dt
import os
import random
import uuid

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SEED = 20261122
DAY = dt.datetime(2026, 11, 22)
HOST = "sbc2.example.net"
rnd = random.Random(SEED)


def stamp(ms):
    """Milliseconds of the day as the wire writes them."""
    t = DAY + dt.timedelta(milliseconds=ms)
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03d}Z"


def new_uuid():
    return str(uuid.UUID(int=rnd.getrandbits(128), version=4))


def table(name):
    with open(os.path.join(HERE, name), newline="") as f:
        return list(csv.DictReader(f))


BLOCKS = [r["npa"] + r["nxx"] + (r["x"] if r["x"] != "A" else "") for r in table("lerg.csv")]
MOBILE = [b for b in BLOCKS if b in ("312402", "646701", "303601", "415201", "214601")]
PORTED = {r["number"]: r["lrn"] for r in table("lrn.csv")}
ABROAD = [
    "+442079460123",
    "+447700900123",
    "+33142685300",
    "+493012345678",
    "+525512345678",
    "+5215512345678",
    "+14165001234",
    "+18765001234",
    "+81312345678",
    "+881612345678",
    "+919812345678",
]
SPECIAL = [
    "911",
    "411",
    "211",
    "711",
    "988",
    "+13125551212",
    "+12125551212",
    "+19002001234",
    "+13129761234",
    "+15002001234",
]


def number(block=None):
    block = block or rnd.choice(BLOCKS)
    return block + "".join(str(rnd.randrange(10)) for _ in range(10 - len(block)))
