#!/usr/bin/env python3
"""The data of `deploy/bench.sh rate`: reference data of gen_reference.py at full size, with one big deck for each of six
vendors. Same arguments -> same bytes. Python 3.11, standard library only.

next_deck.csv is the next version of the first vendor's deck: a tenth of its rates changed, some rows gone, some new.
"""
import argparse
import csv
import json

import gen_reference
from gen_reference import DECK_COLS, Gen, dec7

VENDORS = ("telnyx", "peerless", "inteliquent", "verizon", "lumen", "bandwidth")
gen_reference.VENDORS = VENDORS


class RateGen(Gen):
    def lrn(self):
        """Calls go to a fifth of all ported numbers, so that each look-up is a cold one."""
        super().lrn()
        with open(self.path("lrn.csv"), newline="") as f:
            self.ported = [(row["number"], row["lrn"]) for i, row in enumerate(csv.DictReader(f)) if i % 5 == 0]

    def decks(self):
        """The decks of Gen without its two vendors' domestic rows, then six decks of their own."""
        rows, self.a.deck_rows = self.a.deck_rows, 40_000
        super().decks()
        self.a.deck_rows = rows
        kept = []
        with open(self.path("decks.csv"), newline="") as f:
            for row in csv.DictReader(f):
                if row["deck"] not in VENDORS or row["scope"] == "international":
                    kept.append(row)
                if row["deck"] == "peerless" and row["scope"] == "international":
                    kept += [row | {"deck": name} for name in VENDORS[2:]]
        with open(self.path("decks.csv"), "w", newline="") as f:
            w = csv.DictWriter(f, DECK_COLS, lineterminator="\n")
            w.writeheader()
            w.writerows(kept)
            for place, name in enumerate(VENDORS):
                deck = self.domestic(name, 38_000 + place * 2_500)
                self.write(f, name, deck)
                if place == 0:
                    with open(self.path("next_deck.csv"), "w", newline="") as new:
                        new.write(",".join(DECK_COLS) + "\n")
                        self.write(new, name, self.changed(deck))

    def domestic(self, name, base):
        """Rows for every area code and exchange, filled up with thousands blocks to the size asked for."""
        r = self.rng(f"deck/{name}")
        prefixes = [n["npa"] for n in self.geo] + self.nxx
        blocks = set()
        while len(prefixes) + len(blocks) < self.a.deck_rows:
            blocks.add(r.choice(self.nxx) + str(r.randrange(10)))
        deck = {}
        for p in sorted(prefixes + sorted(blocks)):
            inter = int(base * (0.4 + r.random() ** 3 * 6))
            intra = inter if r.random() < 0.35 else int(inter * (0.8 + r.random() * 2.5))
            deck[p] = (inter, intra, (30, 6) if r.random() < 0.03 else (6, 6))
        return deck

    def changed(self, deck):
        r = self.rng("deck/next")
        new = {}
        for p, (inter, intra, terms) in deck.items():
            if len(p) == 7 and r.random() < 0.02:
                continue
            if r.random() < 0.1:
                inter = int(inter * (0.8 + 0.5 * r.random()))
            new[p] = (inter, intra, terms)
        while len(new) < len(deck):
            p = r.choice(self.nxx) + str(r.randrange(10))
            new.setdefault(p, (31_000, 47_000, (6, 6)))
        return dict(sorted(new.items()))

    def write(self, f, name, deck):
        f.writelines(
            f"{name},domestic,{p},{dec7(inter)},{dec7(intra)},,{dec7(int(max(inter, intra) * 1.15))},,{i},{s},,,,2024-01-01,\n"
            for p, (inter, intra, (i, s)) in deck.items())

    def vendors(self):
        """Six vendors with the terms of Gen's two."""
        super().vendors()
        with open(self.path("vendors.json")) as f:
            known = json.load(f)
        for name in VENDORS[2:]:
            known[name] = known["peerless"] | {"deck": name}
        self.json("vendors.json", known)

    def cdrs(self):
        """Our records alone: nothing is reconciled here."""
        self.jsonl("raw_cdrs.jsonl", self.raw_cdrs())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--blocks", type=int, default=200_000)
    p.add_argument("--ported", type=int, default=5_000_000)
    p.add_argument("--deck-rows", type=int, default=250_000)
    p.add_argument("--cdrs", type=int, default=1_000_000)
    a = p.parse_args()
    # Names that Gen reads and this set does not vary.
    a.resporg, a.intl_rows, a.customers, a.mdrs, a.api = 20_000, 10_000, 64, 10, 10
    RateGen(a).run()


if __name__ == "__main__":
    main()
