"""The official Python SDK at work: for each line `fresh N` or `back N` it decides for N visitors it has not seen (context,
decision, stored, event queued), or reads one decision back N times, and says how many nanoseconds that took."""

import logging
import os
import platform
import sys
import time

from convert_sdk import Core, SDKConfig
from convert_sdk.version import __version__

CONFIG = {
    "account_id": "100123",
    "project": {"id": "200456", "key": "bench", "settings": {}},
    "experiences": [
        {
            "id": "100300000",
            "key": "checkout-button-0",
            "audiences": ["501"],
            "variations": [
                {"id": "1003000001", "key": "a", "traffic_allocation": 50, "status": "running", "changes": []},
                {"id": "1003000002", "key": "b", "traffic_allocation": 50, "status": "running", "changes": []},
            ],
        }
    ],
    "audiences": [
        {
            "id": "501",
            "key": "germans",
            "type": "transient",
            "rules": {"OR": [{"AND": [{"OR_WHEN": [{
                "rule_type": "generic_text_key_value",
                "matching": {"match_type": "matches", "negated": False},
                "key": "country_name",
                "value": "Germany",
            }]}]}]},
        }
    ],
}
ATTRIBUTES = {"country_name": "germany", "plan": "gold", "age": "33"}
logging.disable(logging.CRITICAL)


core = Core(SDKConfig(data=CONFIG, batch_size=10**9))
if hasattr(core, "initialize"):
    core.initialize()
numbers = iter(range(10**9))


def decide(visitor):
    return core.create_context(visitor, dict(ATTRIBUTES)).run_experience("checkout-button-0")


def fresh():
    decide(f"0b4b6f0e-6d3c-4b1e-9d1e-{next(numbers):012}")


held = core.create_context("held", dict(ATTRIBUTES))
assert decide("first") is not None, "the Python SDK does not do the work"
held.run_experience("checkout-button-0")
work = {"fresh": fresh, "back": lambda: held.run_experience("checkout-button-0")}
print(f"Python SDK {__version__}, Python {platform.python_version()}", flush=True)
for line in sys.stdin:
    kind, times = line.split()
    once = work[kind]
    start = time.perf_counter_ns()
    for _ in range(int(times)):
        once()
    print(time.perf_counter_ns() - start, flush=True)
# Nothing is to be sent at the end.
os._exit(0)
