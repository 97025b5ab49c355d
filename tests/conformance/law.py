"""The worked examples from Chinese law and practice (`law-cases.json`), each as questions to this service.

The examples are written in words of their own (`special_start`, `correction_notice` …). Here each is put into an item
and steps, by hand: which clock, which rule, what is asked. The dates are those of the file; a test compares.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

from tests.conformance.questions import Question, a_clock, an_application

__all__ = ["LAW", "questions"]

Json = Any

LAW: list[dict[str, Json]] = json.loads((Path(__file__).parent / "law-cases.json").read_text(encoding="utf-8"))
BY_ID = {case["id"]: case for case in LAW}
GUANGXI = {
    "layer_of": "CN", "holidays": ["2017-03-30", "2017-03-31", "2017-04-01"], "workdays": ["2017-04-08"],
}  # fmt: skip
HALL = {"layer_of": "CN", "hours": [["09:00", "12:00"], ["13:30", "17:00"]]}
NOTICE = a_clock(
    "notice", 5, "working_day", stops=["accepted", "refused", "correction_requested"],
    on_expiry="deemed_accepted_from_receipt", legal_basis="行政许可法 第三十二条",
)  # fmt: skip


def at(day: str, time: str = "09:00:00") -> str:
    """Nine o'clock of a day in Shanghai; what is an instant already stays."""
    return day if "T" in day else f"{day}T{time}+08:00"


def step(type_: str, day: str, **fields: Json) -> dict[str, Json]:
    return {"type": type_, "at": at(day), **fields}


def accepted(case: dict[str, Json]) -> list[dict[str, Json]]:
    """Received and accepted at once, at the first event of the example."""
    begun = case["events"][0]["at"]
    return [step("receive", begun), step("accept", begun)]


def plain(amount: int, unit: str, *, kind: str = "statutory", field: str = "due", **clock: Json) -> Json:
    """One clock from acceptance on, and the day on which it is due."""

    def ask(case: dict[str, Json]) -> list[Question]:
        rule = a_clock(kind, amount, unit, starts="accepted", **clock)
        due = case["expected"][field]
        return [Question(an_application("CN", [rule], accepted(case)), {"clocks": [{"kind": kind, "due_on": due}]})]

    return ask


def statutory(amount: int = 20, unit: str = "working_day", **fields: Json) -> dict[str, Json]:
    return a_clock("statutory", amount, unit, starts="accepted", legal_basis="行政许可法 第四十二条", **fields)


def b02(case: dict[str, Json]) -> list[Question]:
    extend = step("extend", "2025-02-17", clock="statutory", amount=10)
    rule = statutory(extension={"amount": 10, "times": 1})
    expected = case["expected"]
    clock = {"kind": "statutory", "due_on": expected["due"], "overdue_since": at(expected["overdue_from"], "00:00:00")}
    request = an_application("CN", [rule], [*accepted(case), extend], at("2025-02-18"))
    return [Question(request, {"clocks": [clock], "violations": [{"code": "extension_after_expiry"}]})]


def c04(case: dict[str, Json]) -> list[Question]:
    """After a complete correction the five days run anew; in silence the law has the application accepted from then."""
    notice = {**NOTICE, "restarts_on": ["corrected"]}
    steps = [
        step("receive", "2025-04-30"), step("request_correction", "2025-05-08", missing=["图纸"]),
        step("submit_correction", "2025-05-20"), step("request_correction", "2025-05-22", missing=["公章"]),
    ]  # fmt: skip
    request = an_application("CN", [notice, statutory()], steps, at("2025-06-05"))
    expected = {
        "status": "accepted",
        "clocks": [{"kind": "statutory", "started_on": "2025-05-20", "due_on": case["expected"]["due"]}],
        "violations": [{"code": "correction_repeated"}],
    }
    return [Question(request, expected)]


def c05(case: dict[str, Json]) -> list[Question]:
    steps = [
        step("receive", "2025-04-30"), step("request_correction", "2025-05-13", missing=["图纸"]),
    ]  # fmt: skip
    request = an_application("CN", [NOTICE, statutory()], steps, at("2025-05-20"))
    expected = case["expected"]
    effect = {
        "clock": "notice", "effect": "deemed_accepted_from_receipt", "effective_on": expected["deemed_accept_date"],
    }  # fmt: skip
    return [
        Question(
            request,
            {
                "deemed": [effect],
                "clocks": [{"kind": "statutory", "due_on": expected["decision_due"]}],
                "violations": [{"code": "correction_too_late"}],
            },
        )
    ]


def d02(case: dict[str, Json]) -> list[Question]:
    """Two starts, two verdicts: the receipt rule decides. The reply is the decision."""
    expected = case["expected"]
    rule = a_clock("statutory", 20, "working_day", legal_basis="政府信息公开条例 第三十三条")
    came = step("receive", "2021-11-24")
    slip, reply = "2021-12-02", "2021-12-28"
    entry = an_application("CN", [rule], [came, step("accept", slip), step("decide", reply, result="granted")])
    confirmed = an_application(
        "CN",
        [rule],
        [came, step("confirm", slip), step("accept", slip), step("decide", reply, result="granted")],
        receipt_rule="on_confirmation",
    )
    return [
        Question(entry, verdict(expected["due_if_start_submit"], kept=expected["on_time_if_start_submit"])),
        Question(confirmed, verdict(expected["due_if_start_slip"], kept=expected["on_time_if_start_slip"])),
    ]


def verdict(due: str, *, kept: bool) -> dict[str, Json]:
    return {"clocks": [{"kind": "statutory", "due_on": due, "state": "met" if kept else "missed"}]}


def d05(case: dict[str, Json]) -> list[Question]:
    rule = a_clock("statutory", 5, "working_day")
    request = an_application("CN", [rule], [step("receive", case["events"][0]["at"])])
    due = case["expected"]["due"]
    return [Question(request, {"clocks": [{"kind": "statutory", "started_on": "2025-12-31", "due_on": due}]})]


def from_receipt(amount: int, unit: str, *, kind: str, field: str = "due", **clock: Json) -> Json:
    def ask(case: dict[str, Json]) -> list[Question]:
        rule = a_clock(kind, amount, unit, **clock)
        request = an_application("CN", [rule], [step("receive", case["events"][0]["at"])])
        return [Question(request, {"clocks": [{"kind": kind, "due_on": case["expected"][field]}]})]

    return ask


def special(case: dict[str, Json]) -> list[Question]:
    """A special procedure of art. 45: which ground, how long was announced, when it ended."""
    begin, end = case["events"][1], case["events"][2]
    ground = {"专家评审": "expert_review", "领导出差": "leader_travels"}.get(begin.get("kind"), "expert_review")
    fields: dict[str, Json] = {"ground": ground}
    if "informed_days" in begin:
        fields["announced"] = {"amount": begin["informed_days"], "unit": "working_day"}
    steps = [*accepted(case), step("pause", begin["at"], **fields), step("resume", end["at"])]
    rule = statutory(pauses_for=["expert_review", "hearing"])
    stated = case["expected"]
    clock: dict[str, Json] = {"kind": "statutory", "due_on": stated.get("due") or stated["statutory_due"]}
    violations = {"F02": ["pause_over_announced"], "F06": ["pause_ground_not_allowed", "step_not_allowed"]}
    found = violations.get(case["id"], [])
    found_there = Question(
        an_application("CN", [rule], steps),
        {"clocks": [clock], "violations": [{"code": code} for code in found]},
    )
    if "used_before" not in stated:
        return [found_there]
    on_its_day = an_application("CN", [rule], steps[:3], at(begin["at"], "12:00:00"))
    paused = {"kind": "statutory", "state": "paused", "used": stated["used_before"]}
    return [found_there, Question(on_its_day, {"clocks": [paused]})]


def g04(case: dict[str, Json]) -> list[Question]:
    """Five natural days overdue are the days since the due instant; `overdue` counts in the limit's own unit."""
    rule, steps, due_at = statutory(), accepted(case), "2026-10-22T00:00:00+08:00"
    stated = case["expected"]
    late = stated["as_of_2026-10-26"]
    assert (date(2026, 10, 26) - date(2026, 10, 22)).days + 1 == late["overdue_natural_days"]
    figures = {
        "2026-09-30": {"remaining": stated["as_of_2026-09-30"]["remaining_to_statutory"], "overdue": 0},
        "2026-10-21": {"remaining": 0, "overdue": 0, "overdue_since": None},
        "2026-10-26": {"remaining": 0, "overdue": late["overdue_working_days"], "overdue_since": due_at},
    }
    return [
        Question(an_application("CN", [rule], steps, at(day)), {"clocks": [{"kind": "statutory", **figure}]})
        for day, figure in figures.items()
    ]


def g07(case: dict[str, Json]) -> list[Question]:
    """Thirty days back from the expiry; an end that nothing moves; its last working day; and renewed by silence."""
    stated, expiry = case["expected"], "2026-03-15"
    rule = statutory(on_expiry="deemed_approved")
    request = an_application("CN", [rule], accepted(case), at("2026-03-16"))
    request["fixed_due"] = {"statutory": expiry}
    renewed = stated["deemed_renewed_at"]
    return [
        Question(
            {"calendar": "CN", "start": expiry, "limit": {"amount": -30, "unit": "calendar_day"}},
            {"due_on": stated["applicant_latest"]},
        ),
        Question(
            {"calendar": "CN", "start": "2026-03-16", "limit": {"amount": -1, "unit": "working_day"}},
            {"due_on": stated["practical_last_working_day"]},
        ),
        Question(
            request,
            {
                "status": "decided",
                "clocks": [{"kind": "statutory", "due_on": expiry, "due_at": renewed}],
                "deemed": [{"clock": "statutory", "effect": "deemed_approved", "at": renewed}],
            },
        ),
    ]


def g12(case: dict[str, Json]) -> list[Question]:
    rule = a_clock("promise", 0, "working_day", starts="accepted", count={"due_time": "close_of_business"})
    due = case["expected"]["due"]
    return [Question(an_application(HALL, [rule], accepted(case)), {"clocks": [{"kind": "promise", "due_at": due}]})]


def h02(case: dict[str, Json]) -> list[Question]:
    """The five days to review of the example before it (H01) pass in silence: accepted when they end, not before."""
    review = a_clock(
        "review", 5, "working_day", stops=["accepted", "refused"], on_expiry="deemed_accepted_at_expiry",
        legal_basis="行政复议法 第三十条",
    )  # fmt: skip
    decision = a_clock("statutory", 60, "calendar_day", starts="accepted", legal_basis="行政复议法 第六十二条")
    request = an_application("CN", [review, decision], [step("receive", "2026-04-30")], at("2026-05-12"))
    effect = {"clock": "review", "effect": "deemed_accepted_at_expiry", "effective_on": case["events"][0]["at"]}
    return [
        Question(request, {"deemed": [effect], "clocks": [{"kind": "statutory", "due_on": case["expected"]["due"]}]})
    ]


def extended(amount: int, more: int, field: str) -> Json:
    def ask(case: dict[str, Json]) -> list[Question]:
        rule = a_clock("statutory", amount, "working_day", starts="accepted", extension={"amount": more, "times": 1})
        longer = [*accepted(case), step("extend", "2025-12-29", clock="statutory", amount=more)]
        return [
            Question(
                an_application("CN", [rule], steps),
                {"clocks": [{"kind": "statutory", "due_on": case["expected"][name]}]},
            )
            for steps, name in ((accepted(case), "due"), (longer, field))
        ]

    return ask


def i03(case: dict[str, Json]) -> list[Question]:
    """The province over the nation, both ways; and the nation alone, which the example states as the other answer."""
    rule = a_clock("statutory", 10, "working_day", starts="accepted")
    nation = next(other["due"] for other in case["alternatives"] if other["if"] == "national calendar")
    return [
        Question(an_application(calendar, [rule], accepted(case)), {"clocks": [{"kind": "statutory", "due_on": due}]})
        for calendar, due in ((GUANGXI, case["expected"]["due"]), ("CN", nation))
    ]


ASKED: dict[str, Json] = {
    "A02": plain(20, "working_day"),
    "A05": plain(10, "working_day"),
    "A07": plain(15, "working_day"),
    "A08": plain(45, "working_day"),
    "B02": b02,
    "C04": c04,
    "C05": c05,
    "D02": d02,
    "D05": d05,
    "E03": from_receipt(30, "calendar_day", kind="statutory"),
    "E05": from_receipt(3, "calendar_day", kind="notice"),
    "F01": special,
    "F02": special,
    "F03": special,
    "F06": special,
    "G01": plain(5, "working_day", kind="promise", field="promise_due"),
    "G04": g04,
    "G07": g07,
    "G10": plain(5, "working_day", kind="inspectors_assigned", field="assign_due", stops=["decided"]),
    "G12": g12,
    "H01": from_receipt(5, "working_day", kind="review", field="review_due", stops=["accepted", "refused"]),
    "H02": h02,
    "H06": extended(30, 15, "due_if_extended_to_45wd"),
    "H07": extended(25, 15, "due_if_extended_to_40wd"),
    "I02": plain(10, "working_day"),
    "I03": i03,
}


def questions(case: dict[str, Json]) -> list[Question]:
    """What an example is asked as; none where it is not about time."""
    ask = ASKED.get(case["id"])
    found: list[Question] = [] if ask is None else ask(case)
    return found
