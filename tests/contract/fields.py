"""Every field that a client may fill in, found in the OpenAPI document, and what kind of value it takes."""

import copy
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.contract.wire import quoted

__all__ = ["KINDS", "Field", "Json", "body_fields", "inventory", "parameters", "with_value"]

Json = dict[str, Any]  # a JSON object
Path = tuple[str | int, ...]

NAMES = {
    "text": """actor address after approver before by calendar cause channel checkpoint clock clocks code cursor
        department division document due_time end_rule ends events external_ref feed fixed_due_basis format ground hours
        id id_number id_type item jurisdiction key kind late_reason layer_of legal_basis light missing month name note
        number officer finding rule verdict messages
        on_expiry outcome parent party pause_id pauses_for phone project_code q reason
        receipt_rule answer cards colour conclusion en content measures order revokes source version zh
        at_least floor further_points goal indicator most part period weight year
        card finding inspection inspectors quarter scope
        restarts_on result result_code role section sha256 stage start_rule starts state status step steps stops
        subject successor telephone title type unit url webhook zone""",
    "date": """date from holidays inspected_on issued_on published_to received_from received_to to valid_from valid_to
        workdays""",
    "datetime": "as_of at changed_since expires_at known_at notified_at occurred_at since submitted_at",
    "end": "fixed_due pauses published_at start",
    "integer": """amount closes copies corrects count every extension faster_than further grace_minutes least_cases
        least_median_hours limit minutes opens points rework_limit min_overdue round share share_of_median supersedes
        times used_share weekend""",
    "share": "at_share",
    "truth": """before_acceptance dry_run enabled explain false_alarm imported include_stopped recommends required
        working""",
    "tracking_number": "applications tracking_number",
    "header": "Accept-Language Cache-Control If-Match If-None-Match X-Query-Code",
    "idempotency_key": "Idempotency-Key",
}
KINDS = {name: kind for kind, names in NAMES.items() for name in names.split()}
"""The kind of each field by its name, wherever it stands. A field that is not listed fails the test."""

SAMPLES: Json = {
    "ApplicantIn": {"name": "甲"},
    "AtEnd": {"used_share": 90},
    "CalendarIn": {},
    "ClockDocument": {
        "kind": "promise",
        "starts": "accepted",
        "stops": ["decided"],
        "limit": {"amount": 5, "unit": "working_day"},
    },
    "CardRuleIn": {"colour": "red"},
    "ConsequenceIn": {"kind": "praise"},
    "CountDocument": {},
    "DayIn": {"date": "2026-12-24", "working": False},
    "DocumentIn": {"number": "1"},
    "ExtensionDocument": {"amount": 1},
    "ItemDocument": {"clocks": []},
    "InsteadIn": {"finding": "x"},
    "Labels": {},
    "LateBy": {"after": {"amount": 3, "unit": "working_day"}},
    "LimitIn": {"amount": 1, "unit": "working_day"},
    "Material": {"name": "表"},
    "Called": {"zh": "名"},
    "GoalIn": {"indicator": "orders", "goal": "1"},
    "GradeIn": {"code": "g", "name": {"zh": "等"}, "at_least": "50"},
    "Named": {"zh": "名"},
    "OfficerDocument": {"code": "o", "name": "o"},
    "PartIn": {"code": "p", "name": {"zh": "部"}, "weight": "1"},
    "RaisedBy": {"kind": "overdue"},
    "RuleIn": {"code": "r", "name": {"zh": "规"}, "cause": "overdue", "points": "-1"},
    "SectionDocument": {"code": "s", "name": "s"},
    "SheetLabels": {},
    "SignedLimit": {"amount": 1, "unit": "working_day"},
    "SimulatedStep": {"type": "receive", "at": "2026-11-02T09:00:00+08:00"},
    "StageDocument": {"code": "review"},
    "WarnDocument": {},
}
"""The least that a part must hold for one more field to be put into it."""

OF_THE_STEP = {"replaces"}
"""Holds fields of whatever step it names: tried where amendments are."""

PAIRS = {"hours": [["08:30", "12:00"]], "pauses": [["2026-11-03", "2026-11-04"]]}
"""Lists of pairs: one alone is not enough."""

PLACEHOLDER = "@@value@@"


class Field(NamedTuple):
    """One place for a value: in which request, where, and what belongs there."""

    method: str
    route: str
    variant: str
    place: str
    path: Path
    name: str
    kind: str
    nullable: bool = False
    parts: tuple[tuple[Path, Any], ...] = ()
    """What must be there around it: a path and the least that stands at it."""

    def __str__(self) -> str:
        where = "".join(f"/{part}" for part in self.path)
        return f"{self.method} {self.route} {self.variant} {self.place} {where}"

    @property
    def pointer(self) -> str:
        """The JSON pointer of the field."""
        return "".join(f"/{part}" for part in self.path)


def kind_of(name: str) -> str:
    try:
        return KINDS[name]
    except KeyError:
        raise AssertionError(f"the field `{name}` is new: say in KINDS what kind of value it takes") from None


def inventory(document: Json) -> list[Field]:
    """Every field of every route."""
    fields: list[Field] = []
    for route, operations in document["paths"].items():
        for method, operation in operations.items():
            fields += parameters(method.upper(), route, operation)
            fields += body_fields(document, method.upper(), route, operation)
    return fields


def parameters(method: str, route: str, operation: Json) -> Iterator[Field]:
    """The fields of path, query and headers."""
    for each in operation.get("parameters", []):
        yield Field(method, route, "", each["in"], (each["name"],), each["name"], kind_of(each["name"]))


def body_fields(document: Json, method: str, route: str, operation: Json) -> Iterator[Field]:
    """The fields of the body, by variant where it has several."""
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        schema = resolved(document, media["schema"])
        variants = schema.get("discriminator", {}).get("mapping", {"": None})
        for variant, reference in variants.items():
            chosen = schema if reference is None else resolved(document, {"$ref": reference})
            for leaf in leaves(document, chosen, (), "", ()):
                yield Field(method, route, variant, "body", *leaf)


Leaf = tuple[Path, str, str, bool, tuple[tuple[Path, Any], ...]]


def resolved(document: Json, schema: Json) -> Json:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rsplit("/", 1)[1]
    found: Json = document["components"]["schemas"][name]
    return {**found, "x-name": name}


def leaves(
    document: Json,
    schema: Json,
    path: Path,
    name: str,
    parts: tuple[tuple[Path, Any], ...],
    *,
    nullable: bool = False,
) -> Iterator[Leaf]:
    """The single values below a schema."""
    schema = resolved(document, schema)
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        nullable = nullable or any(option.get("type") == "null" for option in options)
        single = [option for option in options if option.get("type") not in (None, "null", "object", "array")]
        if single:
            yield path, name, kind_of(name), nullable, parts
        for number, option in enumerate(options):
            if option not in single and option.get("type") != "null":
                # the cases of a simulation are told apart by what they hold
                label = f"{option['$ref'].rsplit('/', 1)[1]}" if name == "cases" else ""
                inner = parts if not label else (*parts, ((), label))
                yield from leaves(document, option, path, name, inner, nullable=nullable and number == 0)
        return
    if schema.get("type") == "array":
        least = PAIRS.get(name, []) if path[-1:] == (name,) else []
        inner = (*parts, (path, least))
        yield from leaves(document, schema["items"], (*path, 0), name, inner)
    elif "properties" in schema:
        inner = (*parts, (path, SAMPLES.get(schema["x-name"], {}))) if path else parts
        for key, field in schema["properties"].items():
            if key not in OF_THE_STEP:
                yield from leaves(document, field, (*path, key), key, inner)
    elif schema.get("type") == "object":
        key = "1" if name == "hours" else "statutory"
        inner = (*parts, (path, {"1": [["08:30", "12:00"]]} if name == "hours" else {}))
        yield (*path, "?key"), name, "text", False, inner
        yield from leaves(document, schema["additionalProperties"], (*path, key), name, inner)
    else:
        yield path, name, kind_of(name), nullable, parts


def with_value(base: Json, field: Field, written: bytes) -> bytes:
    """The body with these bytes where the field's value belongs."""
    body: Any = copy.deepcopy(base)
    for path, least in field.parts:
        if path:
            ensure(body, path, least)
    *above, last = field.path
    inside = body
    for part in above:
        inside = inside[part]
    if last == "?key":
        inside[PLACEHOLDER] = "2026-12-31"
    elif isinstance(inside, list):
        inside[int(last) : int(last) + 1] = [PLACEHOLDER]
    else:
        inside[last] = PLACEHOLDER
    return json.dumps(body, ensure_ascii=False).encode().replace(f'"{PLACEHOLDER}"'.encode(), written, 1)


def ensure(body: Any, path: Path, least: Any) -> None:  # any JSON
    inside = body
    for part in path[:-1]:
        inside = inside[part]
    last = path[-1]
    if isinstance(inside, list):
        if len(inside) <= int(last) or not isinstance(inside[int(last)], type(least)):
            inside[int(last) : int(last) + 1] = [copy.deepcopy(least)]
    elif not isinstance(inside.get(str(last)), type(least)):
        inside[str(last)] = copy.deepcopy(least)


def target(
    route: str, filled: Json, field: Field | None = None, plain: bytes | None = None, query: Json | None = None
) -> str:
    """The address with its parameters filled in, one of them by the value."""
    path = route
    for name, value in filled.items():
        mine = field is not None and field.place == "path" and field.name == name and plain is not None
        path = path.replace(f"{{{name}}}", quoted(plain if mine and plain is not None else value))
    asked = dict(query or {})
    if field is not None and field.place == "query" and plain is not None:
        asked[field.name] = plain
    return path + ("?" + "&".join(f"{name}={quoted(value)}" for name, value in asked.items()) if asked else "")
