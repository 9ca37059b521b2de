"""One reference directory as look-up tables (E2-E6, R2-R6)."""

import csv
import json
import os
from collections import defaultdict

from .exact import instant, midnight

TERMS = (
    "initial_increment",
    "subsequent_increment",
    "minimum_seconds",
    "grace_seconds",
    "connect_fee",
    "minimum_charge",
    "maximum_charge",
)


class Reference:
    def __init__(self, directory):
        self.directory = directory
        self.npa = {r["npa"]: r for r in self.csv("npa.csv")}
        self.countries = {r["prefix"]: r["country"] for r in self.csv("country_prefixes.csv")}
        self.lerg = {(r["npa"] + r["nxx"], r["x"]): r for r in self.csv("lerg.csv")}
        self.areas = defaultdict(set)
        for r in self.csv("local_areas.csv"):
            self.areas[r["area_id"]].add((r["state"], r["rate_center"]))
        self.ports = defaultdict(list)
        for r in self.csv("lrn.csv"):
            self.ports[r["number"]].append((instant(r["activated"]), r["lrn"]))
        self.resporg = {r["tfn"]: r for r in self.csv("resporg.csv")}
        self.decks = defaultdict(lambda: defaultdict(list))  # (deck, scope) -> prefix -> rows
        for r in self.csv("decks.csv"):
            self.decks[r["deck"], r["scope"]][r["prefix"]].append(r)
        self.plans = self.json("rate_plans.json")
        self.customers = {c["ban"]: c for c in self.json("customers.json")}
        self.vendors = self.json("vendors.json")
        self.skus = self.json("sku_map.json")
        self.taxes = self.json("taxes.json")
        self.version = self.json("meta.json")["version"]

    def path(self, name):
        return os.path.join(self.directory, name)

    def csv(self, name):
        with open(self.path(name), newline="", encoding="utf-8") as f:
            return [{k: (v if v != "" else None) for k, v in row.items()} for row in csv.DictReader(f)]

    def json(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return json.load(f)

    def block(self, ten):
        """E4: the thousands block beats the whole code."""
        return self.lerg.get((ten[:6], ten[6])) or self.lerg.get((ten[:6], "A"))

    def ported_to(self, ten, at):
        """E2 (3): the latest port in force at `at` (None: the latest of all)."""
        rows = [(t, lrn) for t, lrn in self.ports.get(ten, ()) if at is None or t <= at]
        return max(rows)[1] if rows else None

    def plan(self, kind, customer_id, at):
        """R2: the plan of that owner in force at `at`, the latest effective one, then the greatest id."""
        rows = [
            p
            for p in self.plans
            if p["type"] == kind
            and p["customer_id"] == customer_id
            and (
                at is None
                or (
                    midnight(p["effective_date"]) <= at
                    and (p["expiry_date"] is None or at < midnight(p["expiry_date"]))
                )
            )
        ]
        return max(rows, key=lambda p: (p["effective_date"], p["id"])) if rows else None

    def deck_row(self, deck, scope, prefix, at):
        """R4: of the rows of that prefix in force the latest effective one."""
        rows = [
            r
            for r in self.decks[deck, scope].get(prefix, ())
            if at is None
            or (midnight(r["effective_date"]) <= at and (r["end_date"] is None or at < midnight(r["end_date"])))
        ]
        return max(rows, key=lambda r: r["effective_date"]) if rows else None
