#!/usr/bin/env python3
"""Makes vectors: scenarios, or rows of single functions, with what the official JavaScript SDK answers.

usage: make_vectors.py [--check] [NAME ...]       the committed files of these names, or all, made anew
       make_vectors.py --list                     the files of random scenarios: name, count and seed

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
    "limits": (200, 101, False),
    "lookups": (200, 101, True),
    "preview": (200, 101, False),
    "previewed": (200, 101, False),
    "qualify": (200, 101, False),
    "rules": (200, 101, False),
    "segments": (200, 101, True),
    "state": (200, 101, True),
    "store": (200, 101, False),
    "tracking": (200, 101, True),
    "wide": (300, 101, False),
}
# Scenarios that were found and shrunk: they are their own source.
FOUND = ["found"]
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
    if len(lines) != len(answers):
        sys.exit("the SDK did not answer every scenario")
    for line, answer in zip(lines, answers):
        scenario = json.loads(line)
        assert scenario["id"] == answer["id"]
        if any(isinstance(outcome, dict) and "threw" in outcome for outcome in answer["outcomes"]):
            sys.stderr.write(f"{scenario['id']}: the SDK threw; left out\n")
            continue
        scenario["expected"] = answer["outcomes"]
        written.append(json.dumps(scenario, ensure_ascii=False, separators=(",", ":")) + "\n")
    return "".join(written)


def file_of(name):
    return VECTORS / (f"{name}.jsonl" if name in FAMILIES or name in FOUND else name)


def scenarios_in(file):
    for line in file.read_text(encoding="utf-8").splitlines():
        scenario = json.loads(line)
        del scenario["expected"]
        yield scenario


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
        elif name in FOUND:
            text = vectors(scenarios_in(file_of(name)))
        else:
            text = node("function_rows.cjs", file_of(name))
        same = file_of(name).exists() and file_of(name).read_text(encoding="utf-8") == text
        changed += not same
        print(f"{name}: {'unchanged' if same else 'changed'}", flush=True)
        if not same and not check:
            file_of(name).write_text(text, encoding="utf-8")
    return 1 if check and changed else 0


def main(arguments):
    if arguments == ["--list"]:
        for name, (count, seed, _) in FAMILIES.items():
            print(name, count, seed)
        return 0
    check = arguments[:1] == ["--check"]
    names = arguments[1:] if check else arguments
    known = [*FAMILIES, *FOUND, *FUNCTION_ROWS]
    if not set(names) <= set(known):
        sys.exit(f"{__doc__}\nnames: {', '.join(known)}")
    return remake(names or known, check)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main(sys.argv[1:]))
