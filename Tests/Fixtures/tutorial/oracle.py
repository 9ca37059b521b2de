#!/usr/bin/env python3
"""Works out what the tutorial day must come to, from rating.md alone and with nothing of the product's code.

    python3 oracle.py --vectors DIR     check the oracle itself against the public vectors
"""
import argparse
import sys

from oracle import vectors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", metavar="DIR", help="run the public vectors of DIR and its DIR/ref")
    args = parser.parse_args()
    if args.vectors:
        sys.exit(1 if vectors.check(args.vectors) else 0)


if __name__ == "__main__":
    main()
