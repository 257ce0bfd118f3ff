#!/usr/bin/env python3
"""Compares a runner's outcomes with the expected ones, as `parity check` does, for runners of any language.

usage: compare.py VECTORS.jsonl OUTCOMES.jsonl

Exits with 1 on any difference and shows the first few.
"""

import json
import sys

ANYTHING = "__nonfinite__"


def same(expected, actual):
    if expected == ANYTHING:
        return True
    if isinstance(expected, bool) or isinstance(actual, bool) or expected is None or actual is None:
        return type(expected) is type(actual) and expected == actual
    if isinstance(expected, (int, float)) and isinstance(actual, (int, float)):
        return float(expected) == float(actual)
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(same(expected[key], actual[key]) for key in expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    return type(expected) is type(actual) and expected == actual


def same_items(expected, actual):
    """Whether two lists hold the same items in any order. Items that match anything choose last."""
    left = list(actual)
    for item in sorted(expected, key=lambda item: ANYTHING in json.dumps(item)):
        found = next((place for place, other in enumerate(left) if same(item, other)), None)
        if found is None:
            return False
        left.pop(found)
    return not left


def matches(op, expected, actual):
    if op in ("run_feature", "run_features") and isinstance(expected, list) and isinstance(actual, list):
        return same_items(expected, actual)
    return same(expected, actual)


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def main(vectors_path, outcomes_path):
    vectors, outcomes = read(vectors_path), read(outcomes_path)
    if [vector["id"] for vector in vectors] != [outcome["id"] for outcome in outcomes]:
        print(f"the outcomes are not those of the {len(vectors)} scenarios, in their order")
        return 1
    matching = steps = shown = 0
    for vector, outcome in zip(vectors, outcomes):
        expected, actual = vector["expected"], outcome["outcomes"]
        steps += len(vector["steps"])
        differing = [
            place
            for place, step in enumerate(vector["steps"])
            if len(actual) <= place or not matches(step["op"], expected[place], actual[place])
        ]
        matching += not differing and len(actual) == len(expected)
        for place in differing:
            if shown < 5 and place < len(actual):
                shown += 1
                print(f"{vector['id']} step {place} {json.dumps(vector['steps'][place], ensure_ascii=False)}")
                print(f"  expected {json.dumps(expected[place], ensure_ascii=False)}")
                print(f"  actual   {json.dumps(actual[place], ensure_ascii=False)}")
    print(f"{matching} of {len(vectors)} scenarios match, {steps} steps")
    return 0 if matching == len(vectors) else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
