"""Scenarios that each look at one part of the SDK."""

import random

from wide import bucket_value

COUNTRIES = ["US", "us", "DE", "de", "FR", "Türkiye", "İstanbul", "ΣΑΣ", "straße", "", " ", "US|DE", "日本"]
TEXTS = COUNTRIES + [
    "1", "1.0", "01", "1,000", "1,00", "0,5", "-3", "- 3", "3.", ".5", "1e3", "NaN", "Infinity", "true", "True",
    "false", "null", "undefined", "abc", "ABC", "a b", "tab\tx", "line\nbreak", "foo@bar.com", "/pricing?x=1",
    "https://ex.com/Path", "🎯", "café", "CAFÉ", "é",
]
NUMBERS = [
    0, 1, -1, 3, 10, 1000, 1.5, 0.1, 0.30000000000000004, -0.5, 1e21, 1e-7, 123456789012345680000, 4294967295, 2**53,
]
PATTERNS = [
    "^us$", "US|DE", "^\\d+$", "^[a-z ]+$", "\\bfoo\\b", "(?=.*b)a", "(a)(b)\\1?", "^/pricing", "\\.com/path$", "é",
    "[^\\x00-\\x7F]", "^$", ".", "(", "[", "*", "a{2,1}", "\\u0061bc", "^\\s*$", "(?<y>us)", "(?:a|b)c",
    "\\w+@\\w+\\.com", "\\/x", "^.{3}$", "\\p{L}", "^\\S+$", "line.break", "line[\\s\\S]break", "$", "^(?!us).*",
    "(?<=u)s", "İ", "ß", "SS",
]
MATCH_TYPES = [
    "equals", "equalsNumber", "matches", "contains", "startsWith", "endsWith", "less", "lessEqual", "exists",
    "not_exists", "doesNotExist", "isIn", "regexMatches",
]
RULE_TYPES = ["generic_text_key_value", "generic_numeric_key_value", "generic_bool_key_value", "cookie"]
KEYS = ["country", "browser", "age", "plan", "url", "Country", "visitorType"]
VARIABLES = {
    "boolean": [True, False, "true", "false", "1", "", 1, 0, "yes"],
    "integer": [1, "2", "3.7", 4.9, "-5", "12px", True, False, " 7"],
    "float": [1.5, "2.5", "3", "1e2", "-0.25", True, "4.5abc", " 1.25"],
    "string": ["x", 5, True, 1.5, "", "é", False, 1e21],
    "json": ['{"a":1}', {"b": [1, 2]}, "[1,2]", "5", "true", "not json", [1], '"s"'],
}
# What regular expressions are put together from: characters whose case or class is special somewhere, and every kind of
# escape, class and assertion, well formed or not.
CHARACTERS = list("aabbAB19_- .é") + [
    "🎯", "İ", "ı", "ß", "ſ", "\u212a", "Σ", "ς", "\n", "\r", "\u2028", "\ufeff", "\u00a0", "\u0301",
]
ESCAPES = [
    "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B", "\\t", "\\n", "\\v", "\\f", "\\r", "\\0", "\\cA", "\\c", "\\x61",
    "\\x6", "\\u0061", "\\u006", "\\u{61}", "\\ud83c", "\\p{L}", "\\P{L}", "\\k", "\\1", "\\2", "\\8", "\\07", "\\a", "\\-", "\\/",
    "\\.", "\\$", "\\_", "\\é",
]
LOOKING_OR_REFERRING = ["\\b", "\\B", "\\k", "\\1", "\\2", "\\8"]
CLASS_PARTS = [
    "a", "b", "A-B", "a-c", "0-9", "_", "-", "é", "ß", "İ", "\u212a", "🎯", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B",
    "\\x61", "\\u0061", "\\-", "\\]", "\\cA", "\\c_", "\\d-a", "a-\\d", "^", ".", "$", "[", "&&", "\\1", "\\8", "z-a",
]
QUANTIFIERS = ["*", "+", "?", "{2}", "{0}", "{1,}", "{0,2}", "{,2}", "{2,1}", "{", "}", "{a}"]

# What numbers, and texts that nearly are numbers, are put together from.
NUMBER_PARTS = list("001123579..,,+-eExX_ ") + ["Infinity", "NaN", "\u00a0", "\ufeff", "0x", "1e", "٣", "|", "true", "null"]

GOAL_DATA = [("amount", 10.5), ("amount", 3), ("productsCount", 2), ("transactionId", "tx-1"), ("customDimension1", "c")]


def text_leaf(value, key, negated=False):
    return {
        "rule_type": "generic_text_key_value",
        "matching": {"match_type": "matches", "negated": negated},
        "key": key,
        "value": value,
    }


def one_leaf_tree(value="US", key="country"):
    return {"OR": [{"AND": [{"OR_WHEN": [text_leaf(value, key)]}]}]}


def project(**members):
    config = {
        "account_id": "100123",
        "project": {"id": "200456", "name": "P"},
        "experiences": [],
        "features": [],
        "audiences": [],
        "locations": [],
        "segments": [],
        "goals": [],
        "archived_experiences": [],
    }
    config.update(members)
    return config


class Families:
    """One stream of scenarios of a family; `mixed` draws the family of each."""

    def __init__(self, family, seed):
        self.random = random.Random(f"{family}-{seed}")
        self.family = family
        self.last_id = 0
        self.ids = set()

    def scenario(self, _number):
        self.ids.clear()
        name = self.random.choice(list(FAMILIES)) if self.family == "mixed" else self.family
        return FAMILIES[name](self)

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, items):
        """Any number of the items, in any order."""
        return self.random.sample(items, self.random.randint(0, len(items)))

    # Parts of a config

    def id(self, numeric=True):
        """An id that no other entity of the scenario has: small, long, or at the edge of JavaScript's array indexes."""
        while True:
            candidate = self.any_id(numeric)
            if candidate not in self.ids:
                self.ids.add(candidate)
                return candidate

    def any_id(self, numeric):
        r = self.random
        self.last_id += 1
        if numeric and self.chance(0.05):
            edges = [4294967293, 4294967294, 4294967295, 4294967296, 0]
            return str(r.choice(edges) if self.chance(0.7) else f"0{self.last_id}")
        if numeric:
            pool = [r.randint(1, 999), 100200000 + r.randint(0, 10**6), 4294967290 + r.randint(0, 12),
                    10**12 + r.randint(0, 999)]
            return str(r.choice(pool)) + str(self.last_id % 10)
        return f"id{self.last_id}"

    def visitor_id(self):
        r = self.random
        if not self.chance(0.2):
            return f"v{r.randint(0, 10**7)}"
        odd = ["用户123", "café", "🎯", "a", "", "x" * 300, "a/b:c|d", "100", "0"]
        return r.choice([f"v{r.randint(0, 10**6)}", f"user-{r.getrandbits(64):x}", r.choice(odd)])

    def plain_visitor_id(self):
        return f"v{self.random.randint(0, 10**6)}"

    def value(self):
        r = self.random
        return r.choice([
            r.choice(TEXTS), r.choice(TEXTS), r.choice(TEXTS), r.choice(NUMBERS), r.choice(NUMBERS),
            r.choice([True, False]), None,
        ])

    def leaf(self, match_type=None):
        r = self.random
        match_type = match_type or r.choice(MATCH_TYPES)
        leaf = {
            "rule_type": r.choice(RULE_TYPES),
            "matching": {"match_type": match_type, "negated": self.chance(0.3)},
            "key": r.choice(KEYS),
        }
        if match_type == "regexMatches":
            leaf["value"] = r.choice(PATTERNS)
        elif match_type == "isIn":
            leaf["value"] = r.choice(["US|DE", "us|de", "1|2|3", "a", ["US", "de", 1], ["us"], 5, ""])
        elif match_type in ("exists", "not_exists", "doesNotExist"):
            if self.chance(0.5):
                leaf["value"] = r.choice(TEXTS)
        else:
            leaf["value"] = self.value()
        if self.chance(0.03):
            leaf["matching"]["match_type"] = "unknownOp"
        if self.chance(0.02):
            del leaf["matching"]["negated"]
        if self.chance(0.02):
            leaf.pop("value", None)
        return leaf

    def tree(self, match_type=None):
        r = self.random

        def any_of():
            return {"OR_WHEN": [self.leaf(match_type) for _ in range(r.choice([1, 1, 2, 3]))]}

        def all_of():
            return {"AND": [any_of() for _ in range(r.choice([1, 1, 2]))]}

        tree = {"OR": [all_of() for _ in range(r.choice([1, 1, 2]))]}
        if self.chance(0.02):
            tree = r.choice([
                {}, {"OR": []}, {"OR": [{"AND": []}]}, {"OR": [{"AND": [{"OR_WHEN": []}]}]}, {"AND": []},
            ])
        return tree

    def variations(self, count=None, odd=True, features=None):
        r = self.random
        count = count or r.randint(1, 4)
        numeric = self.chance(0.7)
        variations, used = [], set()
        for number in range(count):
            id = self.id(numeric if self.chance(0.9) else not numeric)
            if id in used:
                continue
            used.add(id)
            variation = {
                "id": id,
                "key": f"var-{id}",
                "name": f"V{number}",
                "traffic_allocation": r.choice([50, 33.33, 25, 10, 0, 100, 66.7, 12.5, 0.01]),
            }
            if not odd:
                variation["traffic_allocation"] = round(100 / count, 2)
            if odd and self.chance(0.08):
                variation.pop("traffic_allocation")
            if self.chance(0.3):
                variation["status"] = r.choice(["running", "running", "stopped"])
            variation["changes"] = self.changes(features) if features else []
            variations.append(variation)
        return variations

    def changes(self, features):
        changes = []
        for feature in features:
            if self.chance(0.6):
                changes.append(self.feature_change(feature))
        if self.chance(0.1):
            id = self.id()
            type = self.random.choice(["customCode", "defaultCode"])
            changes.append({"id": id, "type": type, "data": {"js": "1"}})
        return changes

    def feature_change(self, feature):
        id = feature["id"]
        data = {"feature_id": int(id) if self.chance(0.5) and id.isdigit() and int(id) < 2**53 else id}
        if self.chance(0.9):
            data["variables_data"] = {
                variable["key"]: self.random.choice(VARIABLES[variable["type"]])
                for variable in feature["variables"]
                if self.chance(0.9)
            }
            if self.chance(0.2):
                data["variables_data"]["undeclared"] = "z"
        return {"id": self.id(), "type": "fullStackFeature", "data": data}

    def feature(self):
        id = self.id()
        return {
            "id": id,
            "key": f"feat-{id}",
            "name": f"F{id}",
            "variables": [
                {"key": f"p{number}", "type": self.random.choice(["boolean", "integer", "float", "string", "json"])}
                for number in range(self.random.randint(0, 4))
            ],
        }

    def experience(self, **members):
        id = self.id(self.chance(0.8))
        experience = {
            "id": id,
            "key": f"exp-{id}",
            "name": f"E {id}",
            "type": "a/b_fullstack",
            "audiences": [],
            "locations": [],
            "goals": [],
            "settings": {"matching_options": {"audiences": "any"}},
            "variations": self.variations(),
        }
        experience.update(members)
        return experience

    def goal(self):
        id = self.id()
        goal = {"id": id, "key": f"goal-{id}", "name": "g", "type": "advanced"}
        if self.chance(0.4):
            goal["rules"] = one_leaf_tree("buy", "action")
        return goal

    # Parts of steps

    def attributes(self):
        r = self.random
        return {
            key: (self.value() if self.chance(0.9) else r.choice([["US", 1], {"US": 1}, [], {}]))
            for key in r.sample(KEYS, r.randint(0, 5))
        }

    def picks(self, keys, values, at_most=None):
        """Attributes: some of the keys, each with one of the values."""
        r = self.random
        at_most = len(keys) if at_most is None else at_most
        return {key: r.choice(values) for key in r.sample(keys, r.randint(0, at_most))}

    # Families

    def hash_order(self):
        r = self.random
        experience = self.experience(variations=self.variations(r.randint(1, 5)))
        if self.chance(0.2):
            experience["version"] = r.choice([11, "11", 10, None, "x"])
        options = {}
        if self.chance(0.1):
            options["exclude_experience_id_hash"] = True
        steps = []
        for number in range(r.randint(1, 6)):
            context = f"c{number}"
            steps.append({"op": "create_context", "context": context, "visitor_id": self.visitor_id() or "z"})
            steps.append({"op": "run_experience", "context": context, "key": experience["key"]})
        return project(experiences=[experience]), options, steps

    def anchored(self):
        config, options, steps = self.hash_order()
        config["experiences"][0]["version"] = self.random.choice([12, "12", 12.5, 13, 99])
        return config, options, steps

    def rules(self):
        match_type = self.random.choice(MATCH_TYPES)
        audience = {
            "id": self.id(),
            "key": "aud",
            "name": "A",
            "type": "transient",
            "rules": self.tree(match_type if self.chance(0.8) else None),
        }
        experience = self.experience(audiences=[audience["id"]], variations=self.variations(2, odd=False))
        steps = [{"op": "create_context", "visitor_id": self.plain_visitor_id()}]
        for _ in range(5):
            attributes = self.attributes()
            steps.append({
                "op": "run_experience", "key": experience["key"], "attributes": attributes, "enable_storage": False,
            })
        return project(experiences=[experience], audiences=[audience]), {}, steps

    def json(self, depth=2):
        """Any JSON value."""
        r = self.random
        kind = r.random()
        if kind < 0.3:
            return "".join(r.choice(NUMBER_PARTS) for _ in range(r.choice([0, 1, 1, 2, 3, 4, 6])))
        if kind < 0.4:
            return r.choice(TEXTS)
        if kind < 0.5:
            return r.choice([True, False, None])
        if kind < 0.6:
            return r.choice(NUMBERS)
        if kind < 0.7:
            return r.randint(-(10 ** r.randint(0, 18)), 10 ** r.randint(0, 18))
        if kind < 0.8 or not depth:
            return r.uniform(-1, 1) * 10.0 ** r.randint(-25, 25)
        if kind < 0.9:
            return [self.json(depth - 1) for _ in range(r.randint(0, 3))]
        return {r.choice(TEXTS + ["k"]): self.json(depth - 1) for _ in range(r.randint(0, 2))}

    def values(self):
        """Every match type but regular expressions, on any value, with any value."""
        r = self.random
        experiences, audiences = [], []
        variation = {"id": "11", "key": "v", "name": "V", "traffic_allocation": 100, "changes": []}
        match_type = r.choice([kind for kind in MATCH_TYPES if kind != "regexMatches"])
        for number in range(4):
            leaf = {
                "rule_type": "generic_text_key_value",
                "matching": {"match_type": match_type, "negated": self.chance(0.3)},
                "key": "k",
                "value": self.json(),
            }
            rules = {"OR": [{"AND": [{"OR_WHEN": [leaf]}]}]}
            audiences.append({"id": f"5{number}", "key": f"a{number}", "name": "A", "type": "transient", "rules": rules})
            experiences.append(self.experience(key=f"e{number}", audiences=[f"5{number}"], variations=[variation]))
        pool = [leaf["value"] for leaf in (a["rules"]["OR"][0]["AND"][0]["OR_WHEN"][0] for a in audiences)]
        steps = [{"op": "create_context", "visitor_id": "v"}]
        for _ in range(6):
            value = r.choice(pool) if self.chance(0.2) else self.json()
            steps.append({"op": "run_experiences", "attributes": {"k": value}, "enable_storage": False})
        return project(experiences=experiences, audiences=audiences), {}, steps

    def casts(self):
        """Variables of every declared type, and of none, with any value."""
        r = self.random
        types = ["boolean", "integer", "float", "string", "json", "other", None]
        variables = [{"key": f"p{number}", "type": r.choice(types)} for number in range(6)]
        texts = ['{"a":1,"b":[true,null]}', "[1.50,2]", '"text"', " 1 ", "-0", "1e3", "0x1f", "12px", "{", "nul", "'a'"]
        values = {
            variable["key"]: r.choice(texts) if self.chance(0.2) else self.json() for variable in variables
        }
        values["undeclared"] = self.json()
        data = {"feature_id": "9", "variables_data": values}
        changes = [{"id": "1", "type": "fullStackFeature", "data": data}]
        variation = {"id": "11", "key": "v", "name": "V", "traffic_allocation": 100, "changes": changes}
        feature = {"id": "9", "key": "f", "name": "F", "variables": variables}
        config = project(experiences=[self.experience(key="e", variations=[variation])], features=[feature])
        steps = [
            {"op": "create_context", "visitor_id": "v"},
            {"op": "run_feature", "key": "f"},
            {"op": "run_features"},
            {"op": "run_feature", "key": "f", "type_casting": False},
        ]
        return config, {}, steps

    def regex(self):
        r = self.random
        pattern = self.alternatives(2)
        if self.chance(0.3):
            pattern = f"^{pattern}"
        if self.chance(0.3):
            pattern = f"{pattern}$"
        leaf = {
            "rule_type": "generic_text_key_value",
            "matching": {"match_type": "regexMatches", "negated": False},
            "key": "k",
            "value": pattern,
        }
        rules = {"OR": [{"AND": [{"OR_WHEN": [leaf]}]}]}
        variation = {"id": "11", "key": "v", "name": "V", "traffic_allocation": 100, "changes": []}
        config = project(
            experiences=[self.experience(key="e", audiences=["5"], variations=[variation])],
            audiences=[{"id": "5", "key": "aud", "name": "A", "type": "transient", "rules": rules}],
        )
        steps = [{"op": "create_context", "visitor_id": "v"}]
        for _ in range(6):
            subject = "".join(r.choice(CHARACTERS) for _ in range(r.choice([0, 1, 1, 2, 2, 3, 3, 4, 6])))
            steps.append({
                "op": "run_experience", "key": "e", "attributes": {"k": subject}, "enable_storage": False,
            })
        return config, {}, steps

    def alternatives(self, depth, behind=False):
        """A pattern. Inside a look-behind (`behind`), where it is known to differ, nothing looks around or refers back."""
        r = self.random
        return "|".join(self.terms(depth, behind) for _ in range(r.choice([1, 1, 1, 2])))

    def terms(self, depth, behind):
        return "".join(self.term(depth, behind) for _ in range(self.random.choice([0, 1, 1, 2, 2, 3])))

    def term(self, depth, behind):
        r = self.random
        kind = r.random()
        if kind < 0.35:
            atom = r.choice(CHARACTERS)
        elif kind < 0.55:
            escapes = [escape for escape in ESCAPES if not behind or escape not in LOOKING_OR_REFERRING]
            atom = r.choice(escapes)
        elif kind < 0.7:
            parts = "".join(r.choice(CLASS_PARTS) for _ in range(r.choice([0, 1, 1, 2, 2, 3])))
            atom = f"[{r.choice(['', '', '^'])}{parts}]"
        elif kind < 0.75:
            atom = r.choice([".", "."] if behind else ["^", "$", ".", "."])
        elif kind < 0.77 and not behind:
            atom = r.choice(["(", ")", "[", "]", "*", "{", "}", "(?", "(?i:a)", "(?<n>", "\\k<n>", "\\"])
        elif depth:
            open = r.choice(["(", "(", "(?:", "(?:", "(?<n>"] + ([] if behind else ["(?=", "(?!", "(?<=", "(?<!"]))
            atom = f"{open}{self.alternatives(depth - 1, behind or open in ('(?<=', '(?<!'))})"
        else:
            atom = "."
        if self.chance(0.25):
            atom += r.choice(QUANTIFIERS) + r.choice(["", "", "", "?", "+"])
        return atom

    def qualify(self):
        r = self.random
        audiences = [
            {
                "id": self.id(),
                "key": f"a{number}",
                "name": "A",
                "type": r.choice(["transient", "permanent"]),
                "rules": one_leaf_tree(r.choice(["US", "DE"]), r.choice(["country", "plan"])),
            }
            for number in range(r.randint(0, 3))
        ]
        locations = [
            {"id": self.id(), "key": f"l{number}", "name": "L", "rules": one_leaf_tree(r.choice(["/a", "/b"]), "url")}
            for number in range(r.randint(0, 2))
        ]
        segments = [
            {"id": self.id(), "key": f"s{number}", "name": "S", "rules": one_leaf_tree("gold", "plan")}
            for number in range(r.randint(0, 2))
        ]
        experiences = [
            self.gated_experience(audiences + segments, locations) for _ in range(r.randint(1, 4))
        ]
        if len(experiences) > 1 and self.chance(0.5):
            exclusion = self.exclusion_audience(experiences[0]["key"])
            audiences.append(exclusion)
            experiences[-1]["audiences"] = experiences[-1]["audiences"] + [exclusion["id"]]
        archived = [experiences[0]["id"]] if self.chance(0.1) else []
        options = {}
        if self.chance(0.4) or any("environment" in experience for experience in experiences):
            options["environment"] = r.choice(["production", "staging"])
        if self.chance(0.3):
            options["data_store"] = True
        values = ["US", "DE", "gold"]
        steps = [{
            "op": "create_context",
            "visitor_id": self.plain_visitor_id(),
            "attributes": self.picks(["country", "plan"], values),
        }]
        if segments and self.chance(0.6):
            keys = [segment["key"] for segment in segments]
            rule_data = {"plan": r.choice(["gold", "x"])}
            steps.append({"op": "run_custom_segments", "keys": keys, "rule_data": rule_data})
        for _ in range(r.randint(2, 6)):
            steps.append(self.qualify_step(experiences, values))
        steps.append({"op": "flush"})
        config = project(
            experiences=experiences,
            audiences=audiences,
            locations=locations,
            segments=segments,
            archived_experiences=archived,
        )
        return config, options, steps

    def gated_experience(self, audiences, locations):
        r = self.random
        experience = self.experience(
            audiences=self.some([audience["id"] for audience in audiences]),
            settings={"matching_options": {"audiences": r.choice(["any", "all"])}},
            variations=self.variations(2, odd=False),
        )
        if self.chance(0.5):
            experience["locations"] = self.some([location["id"] for location in locations])
        elif self.chance(0.4):
            experience.pop("locations")
            experience["site_area"] = one_leaf_tree(r.choice(["/a", "/b"]), "url")
        if self.chance(0.2):
            experience["environment"] = r.choice(["production", "staging"])
        if self.chance(0.05):
            experience["variations"] = []
        return experience

    def exclusion_audience(self, experience_key):
        r = self.random
        id = self.id()
        type = r.choice(["transient", "permanent"])
        leaf = {
            "rule_type": "bucketed_into_experience_key",
            "matching": {"match_type": "equals", "negated": self.chance(0.7)},
            "value": r.choice([experience_key, experience_key, "missing"]),
        }
        rules = {"OR": [{"AND": [{"OR_WHEN": [leaf]}]}]}
        return {"id": id, "key": "excl", "name": "X", "type": type, "rules": rules}

    def qualify_step(self, experiences, values):
        r = self.random
        step = {"op": r.choice(["run_experience", "run_experience", "run_experiences"])}
        if step["op"] == "run_experience":
            step["key"] = r.choice(experiences)["key"] if self.chance(0.95) else "nope"
        step["location"] = {"url": r.choice(["/a", "/b", "/c"])} if self.chance(0.7) else {}
        if self.chance(0.15):
            step["ignore_location"] = True
        if self.chance(0.4):
            step["attributes"] = self.picks(["country", "plan"], values)
        if self.chance(0.15):
            step["environment"] = r.choice(["production", "staging"])
        if self.chance(0.2):
            step["enable_storage"] = False
        if self.chance(0.1):
            step["force_variation_id"] = r.choice(r.choice(experiences)["variations"] or [{"id": "0"}])["id"]
        return step

    def features(self):
        r = self.random
        features = [self.feature() for _ in range(r.randint(1, 4))]
        experiences = [
            self.experience(variations=self.variations(r.randint(1, 3), odd=self.chance(0.3), features=features))
            for _ in range(r.randint(1, 4))
        ]
        steps = [{"op": "create_context", "visitor_id": self.plain_visitor_id()}]
        for _ in range(r.randint(1, 3)):
            step = {"op": r.choice(["run_feature", "run_features"])}
            if step["op"] == "run_feature":
                step["key"] = r.choice(features)["key"] if self.chance(0.9) else "nofeat"
                if self.chance(0.3):
                    asked = r.sample(experiences, r.randint(1, len(experiences)))
                    step["experience_keys"] = [experience["key"] for experience in asked]
            steps.append(step)
        return project(experiences=experiences, features=features), {}, steps

    def tracking(self):
        r = self.random
        goals = [self.goal() for _ in range(r.randint(1, 3))]
        experiences = [self.experience(variations=self.variations(2, odd=False)) for _ in range(r.randint(1, 3))]
        options = {"data_store": True} if self.chance(0.3) else {}
        steps = []
        contexts = r.randint(1, 3)
        for number in range(contexts):
            step = {
                "op": "create_context",
                "context": f"c{number}",
                "visitor_id": f"v{number}-{r.randint(0, 10**6)}",
            }
            if self.chance(0.6):
                keys = ["country", "browser", "source", "campaign", "devices", "visitorType", "plan"]
                step["attributes"] = self.picks(keys, ["US", "chrome", "ads", "gold"], at_most=4)
            steps.append(step)
        for _ in range(r.randint(2, 10)):
            steps.append(self.tracking_step(f"c{r.randrange(contexts)}", experiences, goals))
        steps.append({"op": "flush"})
        return project(experiences=experiences, goals=goals), options, steps

    def tracking_step(self, context, experiences, goals):
        r = self.random
        kind = r.random()
        if kind < 0.35:
            step = {"op": "run_experience", "context": context, "key": r.choice(experiences)["key"]}
            if self.chance(0.15):
                step["enable_tracking"] = False
        elif kind < 0.85:
            step = {"op": "track_conversion", "context": context}
            step["goal"] = r.choice(goals)["key"] if self.chance(0.92) else "nogoal"
            if self.chance(0.5):
                data = r.sample(GOAL_DATA, r.randint(1, 3))
                step["goal_data"] = [{"key": key, "value": value} for key, value in data]
            if self.chance(0.3):
                step["force_multiple"] = True
            if self.chance(0.3):
                step["rule_data"] = {"action": r.choice(["buy", "BUY", "see"])}
        elif kind < 0.93:
            key = r.choice(["country", "browser", "source", "notasegment"])
            segments = {key: r.choice(["US", "ff"])}
            step = {"op": "set_default_segments", "context": context, "segments": segments}
        else:
            step = {"op": "flush"}
        return step

    def segments(self):
        r = self.random
        segments = [
            {
                "id": self.id(),
                "key": f"s{number}",
                "name": "S",
                "rules": r.choice([one_leaf_tree("gold", "plan"), one_leaf_tree(), self.tree("equals")]),
            }
            for number in range(r.randint(1, 4))
        ]
        experience = self.experience(
            audiences=self.some([segment["id"] for segment in segments]), variations=self.variations(2, odd=False)
        )
        steps = [{
            "op": "create_context",
            "visitor_id": self.plain_visitor_id(),
            "attributes": self.picks(["country", "plan", "browser"], ["US", "gold", "chrome"]),
        }]
        for _ in range(r.randint(1, 5)):
            kind = r.random()
            if kind < 0.5:
                keys = [segment["key"] for segment in r.sample(segments, r.randint(1, len(segments)))]
                step = {"op": "run_custom_segments", "keys": keys + (["nope"] if self.chance(0.1) else [])}
                if self.chance(0.7):
                    step["rule_data"] = self.picks(["plan", "country"], ["gold", "US", "x"])
            elif kind < 0.7:
                key = r.choice(["country", "browser", "source", "campaign", "notasegment"])
                step = {"op": "set_default_segments", "segments": {key: r.choice(["US", "ff"])}}
            else:
                step = {"op": "run_experience", "key": experience["key"]}
            steps += [step, {"op": "visitor_segments"}]
        return project(experiences=[experience], segments=segments), {}, steps

    def state(self):
        r = self.random
        first = self.experience(variations=self.variations(r.randint(2, 4)))
        features = [self.feature()]
        goals = [self.goal()]
        config = project(
            experiences=[first, self.experience()],
            features=features,
            goals=goals,
            audiences=[{"id": self.id(), "key": "aud", "rules": one_leaf_tree()}],
            segments=[{"id": self.id(), "key": "seg", "rules": one_leaf_tree()}],
        )
        steps = [{"op": "create_context", "visitor_id": "v"}]
        for _ in range(4):
            kind = r.choice(["experiences", "features", "goals", "audiences", "segments"])
            entity = r.choice(config[kind])
            step = {"op": "get_config_entity", "entity_type": r.choice([kind, kind, "goals"])}
            step.update({"by_id": entity["id"]} if self.chance(0.5) else {"key": entity["key"]})
            steps.append(step)
        return config, {}, steps

    def preview(self):
        r = self.random
        config, options, steps = self.qualify()
        experience = r.choice(config["experiences"])
        if self.chance(0.85):
            variation_id = r.choice(experience["variations"] or [{"id": "0"}])["id"]
        else:
            variation_id = "999"
        preview = {"op": "set_preview", "experience_id": experience["id"], "variation_id": variation_id}
        steps.insert(r.randint(1, len(steps) - 1), preview)
        steps.append({"op": "run_experience", "key": experience["key"]})
        steps.append({"op": "flush"})
        return config, options, steps

    def previewed(self):
        """Features, decisions and conversions while an experience that carries features is previewed."""
        r = self.random
        config, options, steps = self.features()
        goals = config["goals"] = [self.goal()]
        for _ in range(r.randint(1, 4)):
            experience = r.choice(config["experiences"])
            variation_id = r.choice(experience["variations"])["id"] if self.chance(0.85) else r.choice(["999", ""])
            preview = {"op": "set_preview", "experience_id": experience["id"], "variation_id": variation_id}
            feature = {"op": "run_feature", "key": r.choice(config["features"])["key"]}
            if self.chance(0.3):
                asked = r.sample(config["experiences"], r.randint(1, len(config["experiences"])))
                feature["experience_keys"] = [experience["key"] for experience in asked]
            features = {"op": "run_features"}
            for step in (feature, features):
                if self.chance(0.3):
                    step["type_casting"] = False
            decision = {"op": "run_experience", "key": experience["key"]}
            conversion = {"op": "track_conversion", "goal": goals[0]["key"]}
            steps += [preview, feature, r.choice([features, decision, conversion])]
        steps += [{"op": "stored_state"}, {"op": "flush"}]
        return config, options, steps

    def limits(self):
        """Ids about JavaScript's largest array index, and visitors at the edges of arms, in both layouts."""
        r = self.random
        ids = ["4294967293", "4294967294", "4294967295", "4294967296", "04294967294", "0", "7", "id1", "id2"]
        variations = [
            {"id": id, "key": f"var-{id}", "traffic_allocation": r.choice([50, 33.33, 25, 10, 100, 12.5, 0.01, 8.333])}
            for id in r.sample(ids, r.randint(2, 5))
        ]
        experience = self.experience(variations=variations)
        if self.chance(0.5):
            experience["version"] = 12
        edges = {
            max(0, int(edge) + off) for edge in arm_edges(variations, "version" in experience) for off in (-1, 0, 1)
        }
        steps = []
        for number in range(4):
            start = r.randint(0, 10**6)
            candidates = (f"e{candidate}" for candidate in range(start, start + 20000))
            at_edge = (candidate for candidate in candidates if bucket_value(experience["id"], candidate) in edges)
            context = f"c{number}"
            steps.append({"op": "create_context", "context": context, "visitor_id": next(at_edge, "v")})
            steps.append({"op": "run_experience", "context": context, "key": experience["key"]})
        return project(experiences=[experience]), {}, steps

    def lookups(self):
        """Entities of every kind, by id and by key, in the singular and the plural."""
        r = self.random
        config = project(experiences=[self.experience(), self.experience()], features=[self.feature()], goals=[self.goal()])
        for kind in ("audiences", "segments", "locations"):
            config[kind] = [{"id": self.id(), "key": f"{kind}-{number}", "rules": one_leaf_tree()} for number in range(2)]
        kinds = ["experiences", "features", "goals", "audiences", "segments", "locations"]
        steps = [{"op": "create_context", "visitor_id": "v"}]
        for _ in range(6):
            kind = r.choice(kinds + ["variation"])
            entities = r.choice(config["experiences"])["variations"] if kind == "variation" else config[kind]
            entity = r.choice(entities + [{"id": "gone", "key": "gone"}])
            asked = kind if kind == "variation" or self.chance(0.5) else kind[:-1]
            lookup = {"by_id": entity["id"]} if self.chance(0.5) else {"key": entity["key"]}
            steps.append({"op": "get_config_entity", "entity_type": asked, **lookup})
        return config, {}, steps

    def store(self):
        r = self.random
        segments = [
            {"id": self.id(), "key": f"s{number}", "name": "S", "rules": one_leaf_tree("gold", "plan")}
            for number in range(2)
        ]
        goals = [self.goal() for _ in range(2)]
        experiences = [self.experience(variations=self.variations(2, odd=False)) for _ in range(r.randint(1, 3))]
        visitor_id = self.plain_visitor_id()
        options = {"data_store": True} if self.chance(0.5) else {}
        if self.chance(0.4):
            variation = r.choice(experiences[0]["variations"] + [{"id": "gone"}])
            bucketing = {experiences[0]["id"]: variation["id"]}
            options["stored"] = {visitor_id: {"bucketing": bucketing, "goals": {goals[0]["key"]: True}}}
        attributes = {"plan": r.choice(["gold", "x"])}
        steps = [{"op": "create_context", "visitor_id": visitor_id, "attributes": attributes}]
        for _ in range(r.randint(3, 7)):
            # Each kind draws its members even where another kind is chosen in the end.
            run = {"op": "run_experience", "key": r.choice(experiences)["key"]}
            if self.chance(0.2):
                run["enable_storage"] = False
            track = {"op": "track_conversion", "goal": r.choice(goals)["key"]}
            key = r.choice(["country", "browser", "notasegment"])
            default = {"op": "set_default_segments", "segments": {key: r.choice(["US", "ff"])}}
            custom = {"op": "run_custom_segments", "keys": ["s0", "s1"]}
            steps += [r.choice([run, track, default, custom]), {"op": "stored_state"}]
        return project(experiences=experiences, goals=goals, segments=segments), options, steps


def arm_edges(variations, anchored):
    """Where arms start and end, on the scale of bucket values."""
    def is_index(id):
        return id.isdigit() and (id == "0" or id[0] != "0") and int(id) <= 4294967294

    weights = [variation["traffic_allocation"] for variation in variations]
    edges, before = [], 0
    if anchored:
        for weight in weights:
            start = before / sum(weights) * 10000
            edges += [start, start + weight * 100]
            before += weight
        return edges
    ids = [variation["id"] for variation in variations]
    ordered = sorted(range(len(ids)), key=lambda at: (0, int(ids[at])) if is_index(ids[at]) else (1, at))
    for at in ordered:
        before += weights[at] * 100
        edges.append(before)
    return edges


FAMILIES = {
    "store": Families.store,
    "hash-order": Families.hash_order,
    "anchored": Families.anchored,
    "rules": Families.rules,
    "values": Families.values,
    "casts": Families.casts,
    "regex": Families.regex,
    "qualify": Families.qualify,
    "features": Families.features,
    "tracking": Families.tracking,
    "segments": Families.segments,
    "state": Families.state,
    "preview": Families.preview,
    "previewed": Families.previewed,
    "limits": Families.limits,
    "lookups": Families.lookups,
}
