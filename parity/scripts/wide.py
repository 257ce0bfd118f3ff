"""Scenarios over everything at once: stored state, values on thresholds, unknown and several locations, two contexts of
one visitor, merging, features under gates, previews."""

import random

try:
    import mmh3
except ImportError:
    mmh3 = None

KEYS = ["country", "plan", "url", "browser", "customSegments", "notasegment"]
VALUES = ["US", "DE", "gold", "/a", "701"]
MATCH_TYPES = ["matches", "matches", "contains", "exists", "doesNotExist", "not_exists", "isIn"]
TRAFFIC = [50, 33.33, 25, 10, 0, 100, 66.7, 12.5, 0.01, 8.333, 1 / 3 * 100]
MASK = 0xFFFFFFFF


def murmur3(data, seed):
    # Written out flat: where mmh3 is not installed, the search for visitors on thresholds spends its time here.
    if mmh3:
        return mmh3.hash(data, seed, signed=False)
    h = seed
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        k = int.from_bytes(data[start:start + 4], "little") * 0xCC9E2D51 & MASK
        h ^= (k << 15 | k >> 17) * 0x1B873593 & MASK
        h = (h << 13 | h >> 19) * 5 + 0xE6546B64 & MASK
    if whole < len(data):
        k = int.from_bytes(data[whole:], "little") * 0xCC9E2D51 & MASK
        h ^= (k << 15 | k >> 17) * 0x1B873593 & MASK
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16


def bucket_value(experience_id, visitor_id):
    return int(murmur3((experience_id + visitor_id).encode(), 9999) / 4294967296 * 10000)


class Wide:
    """One stream of such scenarios."""

    def __init__(self, seed):
        self.random = random.Random(f"wide-{seed}")

    def chance(self, probability):
        return self.random.random() < probability

    # Parts of a config

    def leaf(self):
        r = self.random
        key, value = r.choice(KEYS), r.choice(VALUES)
        negated = self.chance(0.35)
        match_type = r.choice(MATCH_TYPES)
        return {
            "rule_type": "generic_text_key_value",
            "matching": {"match_type": match_type, "negated": negated},
            "key": key,
            "value": value,
        }

    def tree(self):
        r = self.random

        def any_of():
            return {"OR_WHEN": [self.leaf() for _ in range(r.choice([1, 1, 2]))]}

        def all_of():
            return {"AND": [any_of() for _ in range(r.choice([1, 1, 2]))]}

        return {"OR": [all_of() for _ in range(r.choice([1, 1, 2]))]}

    def audience(self, number):
        r = self.random
        audience = {
            "id": str(501 + number),
            "key": f"a{number}",
            "type": r.choice(["transient", "permanent", None]),
            "rules": self.tree() if self.chance(0.9) else r.choice([None, {}]),
        }
        if audience["type"] is None:
            del audience["type"]
        return audience

    def exclusion_audience(self, experience_keys):
        r = self.random
        type = r.choice(["transient", "permanent"])
        leaf = {
            "rule_type": "bucketed_into_experience_key",
            "matching": {"match_type": "equals", "negated": self.chance(0.6)},
            "value": r.choice(experience_keys + ["missing"]),
        }
        return {"id": "599", "key": "ax", "type": type, "rules": {"OR": [{"AND": [{"OR_WHEN": [leaf]}]}]}}

    def variation(self, experience_number, number):
        r = self.random
        variation_number = experience_number * 10 + number
        variation = {
            "id": str(variation_number) if self.chance(0.6) else f"v{variation_number}",
            "key": f"k{number}",
            "traffic_allocation": r.choice(TRAFFIC),
        }
        if self.chance(0.15):
            del variation["traffic_allocation"]
        if self.chance(0.3):
            variation["status"] = r.choice(["running", "stopped", "paused", "", "Running", None])
        changes = []
        for _ in range(r.randint(0, 1)):
            feature_id = r.choice(["801", "802", 801])
            variables = {"p": r.choice(["1", "2.5", 3, True])}
            data = {"feature_id": feature_id, "variables_data": variables}
            changes.append({"type": "fullStackFeature", "data": data})
        # A choice among one still takes from the stream.
        type = r.choice(["fullStackFeature"])
        variation["changes"] = changes + [{"type": type, "data": {"feature_id": "999"}}]
        return variation

    def experience(self, number, audience_ids, location_ids):
        r = self.random
        variations = [self.variation(number, place) for place in range(r.randint(1, 4))]
        if self.chance(0.3):
            r.shuffle(variations)
        experience = {
            "id": str(number),
            "key": f"e{number}",
            "name": "n",
            "variations": variations,
            "audiences": r.sample(audience_ids + ["404"], r.randint(0, min(3, len(audience_ids) + 1))),
            "settings": {"matching_options": r.choice([{"audiences": "any"}, {"audiences": "all"}, {}])},
        }
        if self.chance(0.1):
            experience["audiences"] = None
        if self.chance(0.4):
            experience["locations"] = r.sample(location_ids + ["405"], r.randint(0, len(location_ids) + 1))
        if self.chance(0.3):
            experience["site_area"] = self.tree()
        if self.chance(0.3):
            experience["version"] = r.choice([11, 12, "12", 13])
        return experience

    def config(self):
        r = self.random
        numbers = r.sample(range(10, 99), r.randint(1, 4))
        segments = [
            {"id": str(701 + number), "key": f"s{number}", "rules": self.tree()} for number in range(r.randint(0, 3))
        ]
        audiences = [self.audience(number) for number in range(r.randint(0, 3))]
        locations = [
            {"id": str(601 + number), "key": f"l{number}", "rules": self.tree() if self.chance(0.9) else None}
            for number in range(r.randint(0, 3))
        ]
        if self.chance(0.5):
            audiences.append(self.exclusion_audience([f"e{number}" for number in numbers]))
        types = ["integer", "string", "boolean", "float"]
        features = [
            {"id": str(801 + number), "key": f"f{number}", "variables": [{"key": "p", "type": r.choice(types)}]}
            for number in range(2)
        ]
        audience_ids = [entity["id"] for entity in audiences + segments]
        location_ids = [location["id"] for location in locations]
        experiences = [self.experience(number, audience_ids, location_ids) for number in numbers]
        goals = [
            {"id": str(901 + number), "key": f"g{number}", **({"rules": self.tree()} if self.chance(0.5) else {})}
            for number in range(2)
        ]
        return {
            "account_id": "1",
            "project": {"id": "2"},
            "experiences": experiences,
            "features": features,
            "audiences": audiences,
            "locations": locations,
            "segments": segments,
            "goals": goals,
            "archived_experiences": [],
        }

    # Visitors and what is known of them

    def attributes(self, objects=False):
        r = self.random
        attributes = {}
        for key in r.sample(KEYS, r.randint(0, 4)):
            if key == "customSegments":
                attributes[key] = r.choice([["701"], ["702"], ["701", "x"], []])
            else:
                attributes[key] = r.choice(
                    [r.choice(VALUES)] * 5 + [["US"], ["DE", "gold"], ["701"], ["US", 1]]
                )
            # Objects only where no other step puts a list: the reference merges the two into neither.
            if objects and key in ("plan", "url", "notasegment") and self.chance(0.15):
                attributes[key] = {r.choice(VALUES): 1}
        return attributes

    def visitor_id(self, experience, number):
        """Mostly a visitor whose bucket value is at a threshold of the experience, or one off it."""
        visitor_id = f"w{self.random.randint(0, 10**6)}"
        end, edges = 0, set()
        for variation in experience["variations"]:
            end += variation.get("traffic_allocation", 100) * 100
            edges |= {int(end), int(end) - 1, int(end) + 1}
        if self.chance(0.7):
            for attempt in range(60000):
                candidate = f"b{attempt}-{number}"
                if bucket_value(experience["id"], candidate) in edges:
                    return candidate
        return visitor_id

    def stored(self, experiences):
        r = self.random
        state = {}
        if self.chance(0.7):
            bucketing = {}
            for _ in range(r.randint(1, 3)):
                experience_id = r.choice(experiences)["id"]
                bucketing[experience_id] = r.choice([
                    r.choice(r.choice(experiences)["variations"])["id"],
                    "stale",
                    r.choice(experiences[0]["variations"])["id"],
                ])
            state["bucketing"] = bucketing
        if self.chance(0.5):
            kept = ("country", "browser", "customSegments")
            state["segments"] = {key: value for key, value in self.attributes().items() if key in kept}
        if self.chance(0.4):
            state["goals"] = {r.choice(["g0", "g1"]): True}
        return state

    # Steps

    def create_context(self, context, visitor_id, contexts):
        step = {"op": "create_context", "context": context, "visitor_id": visitor_id}
        if self.chance(0.7):
            step["attributes"] = self.attributes(objects=True)
            if contexts == 2:
                # Report attributes of a second context are seen later here than in the reference.
                for key in ("country", "browser", "customSegments"):
                    step["attributes"].pop(key, None)
        return step

    def call_options(self, experiences):
        """Options of a call, for experiences and for features."""
        r = self.random
        common = {}
        if self.chance(0.6):
            common["location"] = self.attributes()
        if self.chance(0.4):
            common["attributes"] = self.attributes()
        if self.chance(0.2):
            common["ignore_location"] = True
        experience = dict(common)
        if self.chance(0.2):
            experience["enable_storage"] = False
        if self.chance(0.2):
            experience["enable_tracking"] = False
        if self.chance(0.2):
            experience["force_variation_id"] = r.choice(r.choice(experiences)["variations"])["id"]
        feature = dict(common)
        if self.chance(0.2):
            feature["enable_storage"] = False
        if self.chance(0.2):
            feature["enable_tracking"] = False
        if self.chance(0.1):
            feature["type_casting"] = False
        return experience, feature

    def step(self, config, previewing):
        r = self.random
        experiences = config["experiences"]
        kind = r.random()
        for_experiences, for_features = self.call_options(experiences)
        if kind < 0.3:
            key = r.choice([experience["key"] for experience in experiences] + ["nope"])
            return {"op": "run_experience", "key": key, **for_experiences}
        if kind < 0.45:
            return {"op": "run_experiences", **for_experiences}
        if kind < 0.6 and not previewing:
            return {"op": r.choice(["run_feature", "run_features"]), **for_features}
        if kind < 0.75:
            step = {"op": "track_conversion", "goal": r.choice(["g0", "g1", "g9"])}
            if self.chance(0.5):
                step["goal_data"] = r.choice([[], [{"key": "amount", "value": 1}]])
            if self.chance(0.4):
                step["force_multiple"] = True
            if self.chance(0.4):
                step["rule_data"] = self.attributes()
            return step
        if kind < 0.83:
            return {"op": "set_default_segments", "segments": self.attributes()}
        if kind < 0.9 and config["segments"]:
            keys = [segment["key"] for segment in config["segments"]]
            step = {"op": "run_custom_segments", "keys": r.sample(keys, r.randint(1, len(keys)))}
            if self.chance(0.6):
                step["rule_data"] = self.attributes()
            return step
        if kind < 0.95:
            experience = r.choice(experiences)
            experience_id = r.choice([experience["id"], experience["id"], "9999"])
            variation_id = r.choice([r.choice(experience["variations"])["id"]] * 3 + ["zz", ""])
            return {"op": "set_preview", "experience_id": experience_id, "variation_id": variation_id}
        return {"op": "flush"}

    def scenario(self, number):
        r = self.random
        config = self.config()
        visitor_id = self.visitor_id(config["experiences"][0], number)
        options = {}
        if self.chance(0.5):
            state = self.stored(config["experiences"])
            if state:
                options["stored"] = {visitor_id: state}
        if self.chance(0.3):
            options["data_store"] = True
        contexts = r.choice([1, 1, 2])
        steps = [self.create_context(f"c{place}", visitor_id, contexts) for place in range(contexts)]
        previewing = set()
        for _ in range(r.randint(2, 9)):
            context = f"c{r.randrange(contexts)}"
            step = self.step(config, context in previewing)
            if step["op"] == "set_preview":
                previewing.add(context)
            if step["op"] == "run_feature":
                step["key"] = r.choice(["f0", "f1", "fx"])
            step["context"] = context
            steps.append(step)
            if self.chance(0.2):
                steps.append({"op": "visitor_segments", "context": context})
        steps.append({"op": "flush"})
        return config, options, steps
