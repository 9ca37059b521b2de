#!/usr/bin/env python3
"""Works out what the tutorial's day must come to, from the rating rules alone and with nothing of the product's code.

python3 oracle.py                   work it out again and say whether the committed files still agree
python3 oracle.py --write           write expected.json, expected_records.jsonl and ../captured/expected.jsonl
python3 oracle.py --vectors DIR     check the oracle itself against the public vectors
"""

import argparse
import json
import os
import sys

from oracle import vectors
from oracle.world import World

HERE = os.path.dirname(os.path.abspath(__file__))


def results():
    """File name → text of everything the oracle says."""
    world = World(HERE)
    lines = list(world.lines())
    captured = [
        {**line, "file": line["file"].removeprefix("../../captured/")}
        for line in lines
        if line["file"].startswith("../../captured/")
    ]
    text = lambda rows: "".join(json.dumps(r) + "\n" for r in rows)
    return {
        "expected.json": json.dumps(world.expected(), indent=1) + "\n",
        "expected_records.jsonl": text(lines),
        "../captured/expected.jsonl": text(captured),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the expected files")
    parser.add_argument("--vectors", metavar="DIR", help="run the public vectors of DIR with its DIR/ref")
    args = parser.parse_args()
    if args.vectors:
        sys.exit(1 if vectors.check(args.vectors) else 0)
    stale = []
    for name, text in results().items():
        path = os.path.join(HERE, name)
        if args.write:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        elif not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
            stale.append(name)
    print("differs: " + ", ".join(stale) if stale else "written" if args.write else "as committed")
    sys.exit(1 if stale else 0)


if __name__ == "__main__":
    main()
