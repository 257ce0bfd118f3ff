#!/usr/bin/env python3
"""Runs scenarios (FORMAT.md; JSON Lines on standard input) through the official Python SDK and writes one line of
outcomes for each. No request leaves the process: the config is given, and nothing is ever released.

usage: oracle.py [--describe]

Only bucketing and the textual rules are compared with this SDK: elsewhere it differs on purpose from the JavaScript
SDK, which is the reference. Where the SDK cannot be imported, the exit code is 3.
"""

import json
import logging
import sys

try:
    from convert_sdk import Core, SDKConfig
    from convert_sdk.evaluation.bucketing import get_bucket_value_for_visitor
    from convert_sdk.version import __version__ as VERSION
except ImportError as error:
    sys.stderr.write(f"the Python SDK cannot be imported: {error}\n")
    sys.exit(3)

DESCRIPTION = {
    "sdk": "convert-python-sdk",
    "version": VERSION,
    # Variations in the order of the config; no option to hash the visitor id alone; rules compare other values than
    # text, and existence, in Python's way.
    "lacks": ["object-order", "visitor-hash", "rules-beyond-text"],
    "families": ["hash-order", "anchored", "rules"],
}


class Store(dict):
    """Visitor state, shared by the contexts of one scenario."""

    def set(self, key, value, ttl=None):
        self[key] = value

    def has(self, key):
        return key in self

    def delete(self, key):
        self.pop(key, None)


class Run:
    """One scenario."""

    def __init__(self, scenario):
        config = SDKConfig(data=scenario["config"], data_store=Store(), batch_size=10**9)
        self.core = Core(config).initialize()
        self.contexts = {}
        self.stored = set()

    def step(self, step):
        name = step.get("context", "c0")
        if step["op"] == "create_context":
            attributes = step.get("attributes") or {}
            self.contexts[name] = self.core.create_context(step["visitor_id"], attributes)
            return None
        if step["op"] == "run_experience":
            return self.run_experience(self.contexts[name], step)
        raise NotImplementedError(step["op"])

    def run_experience(self, context, step):
        stores = step.get("enable_storage", True)
        result = context.run_experience(
            step["key"],
            attributes=step.get("attributes") or {},
            location_attributes=step.get("location") or {},
            enable_storage=stores,
        )
        if result is None:
            return None
        decision = (context.visitor_id, result.experience_id)
        value = None
        if decision not in self.stored:
            value = get_bucket_value_for_visitor(context.visitor_id, experience_id=result.experience_id)
        if stores:
            self.stored.add(decision)
        return {
            "experience_id": result.experience_id,
            "experience_key": result.experience_key,
            "variation_id": result.variation_id,
            "variation_key": result.variation_key,
            "bucket_value": value,
        }


def outcomes(scenario):
    run = Run(scenario)
    for step in scenario["steps"]:
        try:
            yield run.step(step)
        except Exception as error:  # An SDK that throws is an outcome.
            yield {"threw": f"{type(error).__name__}: {error}"}


def main():
    logging.disable(logging.CRITICAL)
    if sys.argv[1:] == ["--describe"]:
        print(json.dumps(DESCRIPTION))
        return
    for line in sys.stdin:
        if line.strip():
            scenario = json.loads(line)
            answer = {"id": scenario["id"], "outcomes": list(outcomes(scenario))}
            print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")
    main()
