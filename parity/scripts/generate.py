#!/usr/bin/env python3
"""Writes random scenarios, one JSON object on each line.

usage: generate.py FAMILY COUNT SEED

The same family, count and seed give the same scenarios on every machine and every Python from 3.8 on: a family is one
stream of random choices, so a change to the order of the choices in it changes every vector made from it.
"""

import json
import sys

from families import FAMILIES, Families
from wide import Wide


def scenarios(family, count, seed):
    """Yields `count` scenarios of a family. Their ids name the family and the seed."""
    make = (Wide(seed) if family == "wide" else Families(family, seed)).scenario
    for number in range(count):
        config, options, steps = make(number)
        yield {
            "id": f"{family}-{seed}-{number}",
            "family": family,
            "options": options,
            "config": config,
            "steps": steps,
        }


def main():
    names = [*FAMILIES, "mixed", "wide"]
    if len(sys.argv) != 4 or sys.argv[1] not in names or not sys.argv[2].isdigit() or not sys.argv[3].isdigit():
        print(f"usage: generate.py FAMILY COUNT SEED\nfamilies: {', '.join(names)}", file=sys.stderr)
        sys.exit(2)
    try:
        for scenario in scenarios(sys.argv[1], int(sys.argv[2]), sys.argv[3]):
            print(json.dumps(scenario, ensure_ascii=False))
    except BrokenPipeError:
        # Whoever reads has enough.
        sys.stderr.close()


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    main()
