"""Differences of two answers, and the smallest case that still shows one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

CLOCK_FIELDS = (
    "state",
    "light",
    "started_on",
    "started_at",
    "due_on",
    "due_at",
    "latest_due_on",
    "used",
    "remaining",
    "overdue",
    "overdue_since",
    "warnings",
    "provisional",
    "stopped_at",
    "revision",
)
NOT_BEGUN = ("state",)  # all that is compared of a clock which has not begun

Case = dict[str, Any]  # JSON
Answer = Mapping[str, Any]  # JSON


def _plain(value: object) -> object:
    """A value in a form in which one instant is written in one way only."""
    if isinstance(value, str) and "T" in value:
        try:
            return datetime.fromisoformat(value).timestamp()
        except ValueError:
            return value
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if not key.endswith("_label")}
    return value


def _key(clock: Answer) -> str:
    where = f"{clock['kind']}:{clock['stage']}" if clock.get("stage") else str(clock["kind"])
    return f"{where}#{clock['round']}" if clock.get("round") else where


def _begun(clock: Answer) -> bool:
    return clock.get("started_on") is not None


def _clocks(answer: Answer) -> dict[str, Answer]:
    """The clocks of an answer by name; rounds of a stage that never began are left out."""
    return {_key(clock): clock for clock in answer.get("clocks") or [] if _begun(clock) or not clock.get("stage")}


def _codes(answer: Answer, ignore: frozenset[str]) -> list[str]:
    """The codes of the violations, in no order."""
    return sorted(each["code"] for each in answer.get("violations") or [] if each["code"] not in ignore)


def differences(ours: Answer, theirs: Answer, *, ignore: frozenset[str] = frozenset()) -> list[str]:
    """What two answers say differently, a line each: the field, our value, their value.

    `ignore` names fields of a clock, `status`, `deemed`, `violations`, or codes of violations.
    """
    if bool(ours.get("error")) or bool(theirs.get("error")):
        same = bool(ours.get("error")) == bool(theirs.get("error"))
        return [] if same else [f"error: {ours.get('error')!r} / {theirs.get('error')!r}"]
    found = []

    def look(field: str, mine: object, other: object) -> None:
        if not ignore & {field, *field.split(".")} and _plain(mine) != _plain(other):
            found.append(f"{field}: {mine!r} / {other!r}")

    if "due_on" in ours:
        for field in ("due_on", "due_at", "provisional"):
            look(field, ours.get(field), theirs.get(field))
        return found
    look("status", ours.get("status"), theirs.get("status"))
    a, b = _clocks(ours), _clocks(theirs)
    for key in sorted(a.keys() | b.keys()):
        if key not in a or key not in b:
            look(key, a.get(key) and "there", b.get(key) and "there")
            continue
        for field in CLOCK_FIELDS if _begun(a[key]) or _begun(b[key]) else NOT_BEGUN:
            look(f"{key}.{field}", a[key].get(field), b[key].get(field))
    for field in ("clock", "effect", "effective_on", "at"):
        look(
            f"deemed.{field}",
            [each.get(field) for each in ours.get("deemed") or []],
            [each.get(field) for each in theirs.get("deemed") or []],
        )
    look(
        "violations",
        _codes(ours, ignore),
        _codes(theirs, ignore),
    )
    return found


def report(case: Case, found: list[str]) -> str:
    """A case and its differences as a person reads them: ours first."""
    return "\n".join(
        [
            f"seed {case.get('id')}: ours / theirs",
            *(f"  {line}" for line in found),
            json.dumps(case, ensure_ascii=False),
        ]
    )


OPTIONAL = {
    "item": ("receipt_rule",),
    "clock": ("restarts_on", "pauses_for", "extension", "on_expiry", "count", "warn", "party", "before_acceptance"),
    "step": ("announced", "notified_at", "recorded_at", "pause_id", "seq"),
    "calendar": ("published_to", "hours", "weekend", "layer_of", "supersedes"),
    "case": ("fixed_due", "suspensions", "known_at"),
}


def _without(case: Case, *path: str | int) -> Case:
    smaller = copy.deepcopy(case)
    here: Any = smaller  # JSON
    for name in path[:-1]:
        here = here[name]
    del here[path[-1]]
    return smaller


def _editions(case: Case) -> Iterator[tuple[tuple[str | int, ...], Case]]:
    """Every edition of every calendar in a case, and where it stands."""
    if isinstance(case.get("calendar"), dict):
        yield ("calendar",), case["calendar"]
    for name, body in (case.get("calendars") or {}).items():
        if "editions" in body:
            for index, edition in enumerate(body["editions"]):
                yield ("calendars", name, "editions", index), edition
        else:
            yield ("calendars", name), body


def _inline(case: Case) -> Iterator[Case]:
    """The case with its one named calendar written into it."""
    body = (case.get("calendars") or {}).get(case.get("calendar")) if isinstance(case.get("calendar"), str) else None
    if body is None or body.get("layer_of") is not None or len(body.get("editions") or [body]) > 1:
        return
    edition = {**body, **(body.get("editions") or [{}])[0]}
    inline = {key: value for key, value in edition.items() if key not in ("editions", "number", "published_at")}
    yield {**{key: value for key, value in case.items() if key != "calendars"}, "calendar": inline}


def smaller(case: Case) -> Iterator[Case]:
    """Every case that is this one with one thing taken away."""
    for index in reversed(range(len(case.get("steps") or []))):
        yield _without(case, "steps", index)
    yield from _inline(case)
    item = case.get("item")
    if isinstance(item, dict):
        if "stages" in item and item.get("clocks"):
            yield _without(case, "item", "stages")
        for group in ("stages", "clocks"):
            for index in reversed(range(len(item.get(group) or []))):
                if len(item.get("clocks") or []) + len(item.get("stages") or []) > 1:
                    yield _without(case, "item", group, index)
        for name in OPTIONAL["item"]:
            if name in item:
                yield _without(case, "item", name)
        for group in ("stages", "clocks"):
            for index, clock in enumerate(item.get(group) or []):
                for name in OPTIONAL["clock"]:
                    if name in clock:
                        yield _without(case, "item", group, index, name)
                for rung in range(len(clock.get("warn") or [])):
                    if len(clock["warn"]) > 1:
                        yield _without(case, "item", group, index, "warn", rung)
                for name in clock.get("count") or {}:
                    yield _without(case, "item", group, index, "count", name)
    for index, step in enumerate(case.get("steps") or []):
        for name in OPTIONAL["step"]:
            if name in step:
                yield _without(case, "steps", index, name)
    for name in OPTIONAL["case"]:
        if name in case:
            yield _without(case, name)
    for index in range(len(case.get("suspensions") or [])):
        yield _without(case, "suspensions", index)
    for where, edition in _editions(case):
        if isinstance(where[-1], int) and where[-1] > 0:
            yield _without(case, *where)
        for name in OPTIONAL["calendar"]:
            if name in edition:
                yield _without(case, *where, name)
        for name in ("holidays", "workdays"):
            if edition.get(name):
                yield _without(case, *where, name)
                for index in range(len(edition[name])):
                    yield _without(case, *where, name, index)


def smallest(case: Case, differs: Callable[[Case], bool]) -> Case:
    """Take away from a case what can go while the difference stays."""
    if not differs(case):
        return case
    shrunk = True
    while shrunk:
        shrunk = False
        for candidate in smaller(case):
            if differs(candidate):
                case, shrunk = candidate, True
                break
    return case
