#!/usr/bin/env python3
"""Makes vectors: scenarios, or rows of single functions, with what the official JavaScript SDK answers.

usage: make_vectors.py [--check] [NAME ...]       the committed files of these names, or all, made anew
       make_vectors.py --new FAMILY COUNT SEED    fresh vectors on standard output
       make_vectors.py --from FILE                vectors of the scenarios in a file, on standard output

--check writes nothing and exits with 1 where a file would change. ORACLE_SDK names the SDK's module; without it the npm
package of this folder is used (`npm ci`). An SDK older than 5.0 makes only the files that need nothing newer.
"""

import json
import os
import pathlib
import subprocess
import sys

import generate

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "vectors"

# File: count and seed of its scenarios, and whether any release of the SDK gives the same outcomes.
FAMILIES = {
    "anchored": (200, 101, False),
    "features": (200, 101, True),
    "hash-order": (200, 101, True),
    "preview": (200, 101, False),
    "qualify": (200, 101, False),
    "rules": (200, 101, False),
    "segments": (200, 101, True),
    "state": (200, 101, True),
    "store": (200, 101, False),
    "tracking": (200, 101, True),
    "wide": (300, 101, False),
}
FUNCTION_ROWS = ["rule_comparisons.jsonl", "cast.jsonl", "regex.jsonl", "bucketing_extra.json"]


def node(script, *arguments, text=None):
    try:
        ran = subprocess.run(
            ["node", str(HERE / script), *map(str, arguments)], input=text, stdout=subprocess.PIPE, encoding="utf-8"
        )
    except FileNotFoundError:
        sys.stderr.write("node is not installed\n")
        sys.exit(3)
    if ran.returncode:
        sys.exit(ran.returncode)
    return ran.stdout


def vectors(scenarios):
    """The scenarios that the SDK can run, with its outcomes, as JSON Lines."""
    lines = [json.dumps(scenario, ensure_ascii=False) + "\n" for scenario in scenarios]
    answers = [json.loads(line) for line in node("oracle.cjs", text="".join(lines)).splitlines()]
    written = []
    for line, answer in zip(lines, answers, strict=True):
        scenario = json.loads(line)
        assert scenario["id"] == answer["id"]
        if any(isinstance(outcome, dict) and "threw" in outcome for outcome in answer["outcomes"]):
            sys.stderr.write(f"{scenario['id']}: the SDK threw; left out\n")
            continue
        scenario["expected"] = answer["outcomes"]
        written.append(json.dumps(scenario, ensure_ascii=False, separators=(",", ":")) + "\n")
    return "".join(written)


def file_of(name):
    return VECTORS / (f"{name}.jsonl" if name in FAMILIES else name)


def remake(names, check):
    lacks = json.loads(node("oracle.cjs", "--describe"))["lacks"]
    changed = 0
    for name in names:
        if lacks and not FAMILIES.get(name, (0, 0, False))[2]:
            print(f"{name}: left alone, the SDK lacks {', '.join(lacks)}")
            continue
        if name in FAMILIES:
            count, seed, _ = FAMILIES[name]
            text = vectors(generate.scenarios(name, count, seed))
        else:
            text = node("function_rows.cjs", file_of(name))
        same = file_of(name).read_text(encoding="utf-8") == text
        changed += not same
        print(f"{name}: {'unchanged' if same else 'changed'}")
        if not same and not check:
            file_of(name).write_text(text, encoding="utf-8")
    return 1 if check and changed else 0


def main(arguments):
    if arguments[:1] == ["--new"] and len(arguments) == 4:
        sys.stdout.write(vectors(generate.scenarios(arguments[1], int(arguments[2]), arguments[3])))
        return 0
    if arguments[:1] == ["--from"] and len(arguments) == 2:
        lines = pathlib.Path(arguments[1]).read_text(encoding="utf-8").splitlines()
        sys.stdout.write(vectors(json.loads(line) for line in lines if line.strip()))
        return 0
    check = arguments[:1] == ["--check"]
    names = arguments[1:] if check else arguments
    known = [*FAMILIES, *FUNCTION_ROWS]
    if not set(names) <= set(known):
        sys.exit(f"{__doc__}\nnames: {', '.join(known)}")
    return remake(names or known, check)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main(sys.argv[1:]))
