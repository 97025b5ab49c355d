"""The oracle finds each fault that is planted, and nothing where none is."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.reliability.load import ITEMS
from tests.reliability.oracle import Acked, Answers, judge
from tests.reliability.reckoning import BEIJING, Days

Json = dict[str, Any]  # a JSON object

NOW = datetime(2025, 10, 20, 12, tzinfo=BEIJING)
ONE = timedelta(microseconds=1)


def a_step(number: str, seq: int, type_: str, at: str, operation: int, **more: Any) -> Json:  # any JSON
    word = "subject" if type_ == "receive" else "note"
    named = {"id": f"{number}.{seq}", "seq": seq, "type": type_, "hash": f"h{operation}", word: f"op {operation}"}
    return {**named, "occurred_at": f"2025-{at}+08:00", "recorded_at": f"2025-{at}+08:00", **more}


def an_alarm(number: str, clock: str, kind: str, rung: int, crossed: str, due: str, **more: Any) -> Json:  # any JSON
    at = datetime.fromisoformat(f"2025-{crossed}+08:00")
    detected = at + timedelta(seconds=0.5)
    alarm = {
        "id": f"{number}.{clock}..{rung}.1",
        "tracking_number": number,
        "clock": clock,
        "stage": None,
        "kind": kind,
        "rung": rung,
        "due_at": f"2025-{due}+08:00",
        "crossed_at": at.isoformat(),
        "detected_at": detected.isoformat(),
        "late": False,
        "clock_revision": 1,
        "withdrawn": None,
    }
    return {**alarm, **more}


def an_order(alarm: str, issued: str) -> Json:
    cause = {"alarm": alarm, "crossed_at": "2025-10-15T00:00:00+08:00"}
    return {"id": f"D-{alarm}", "cause": cause, "status": "issued", "issued_at": issued}


@pytest.fixture
def office() -> Answers:
    """Two applications, four operations, five alarms; one operation was refused."""
    return Answers(
        acked={1: Acked("A", 1, None), 2: Acked("A", 2, "h2"), 3: Acked("B", 1, None), 4: Acked("B", 2, "h4")},
        sent={1, 2, 3, 4, 5},
        refused={5},
        items=ITEMS,
        days=Days(holidays=frozenset(date(2025, 10, day) for day in range(1, 9))),
        applications=[{"tracking_number": "A", "version": 2}, {"tracking_number": "B", "version": 2}],
        steps={
            "A": [
                a_step("A", 1, "receive", "10-09T10:00:00", 1, item="law"),
                a_step("A", 2, "accept", "10-14T10:00:00.000007", 2),
            ],
            "B": [
                a_step("B", 1, "receive", "10-13T10:00:00", 3, item="hall"),
                a_step("B", 2, "accept", "10-20T09:00:00", 4),
            ],
        },
        alarms=[
            an_alarm("A", "statutory", "warning", 1, "10-17T00:00:00", "10-21T00:00:00"),
            an_alarm("A", "statutory", "warning", 2, "10-17T00:00:00", "10-21T00:00:00"),
            an_alarm("A", "at_once", "warning", 1, "10-14T10:00:00.000007", "10-15T00:00:00"),
            an_alarm("A", "at_once", "overdue", 0, "10-15T00:00:00", "10-15T00:00:00"),
            an_alarm("B", "notice", "warning", 1, "10-17T00:00:00", "10-21T00:00:00"),
        ],
        orders=[an_order("A.at_once..0.1", "2025-10-15T00:00:00.5+08:00")],
        swept_at=NOW,
        read_at=NOW,
        sweep_seconds=1,
    )


def test_where_all_promises_are_kept_the_oracle_finds_nothing(office: Answers) -> None:
    assert judge(office) == []


def lose_a_step(office: Answers) -> None:
    office.steps["A"].pop()


def lose_an_application(office: Answers) -> None:
    del office.steps["B"]
    office.applications.pop()
    office.alarms.pop()


def store_a_step_twice(office: Answers) -> None:
    office.steps["B"].append({**office.steps["B"][1], "seq": 3})
    office.applications[1]["version"] = 3


def store_a_receipt_twice(office: Answers) -> None:
    office.steps["C"] = [{**office.steps["B"][0], "occurred_at": "2025-10-20T10:00:00+08:00"}]
    office.applications.append({"tracking_number": "C", "version": 1})


def store_what_was_refused(office: Answers) -> None:
    office.steps["B"].append(a_step("B", 3, "explain_delay", "10-20T10:00:00", 5))
    office.applications[1]["version"] = 3


def store_what_nobody_sent(office: Answers) -> None:
    office.steps["B"].append(a_step("B", 3, "explain_delay", "10-20T10:00:00", 99))
    office.applications[1]["version"] = 3


def change_a_step(office: Answers) -> None:
    office.steps["A"][1]["hash"] = "other"


def leave_a_gap(office: Answers) -> None:
    office.steps["A"][1]["seq"] = 3


def raise_an_alarm_twice(office: Answers) -> None:
    office.alarms.append(deepcopy(office.alarms[3]))


def raise_an_alarm_twice_under_another_revision(office: Answers) -> None:
    office.alarms.append({**office.alarms[3], "clock_revision": 2, "id": "other"})


def issue_an_order_twice(office: Answers) -> None:
    office.orders.append({**office.orders[0], "id": "other"})


def issue_no_order(office: Answers) -> None:
    office.orders.clear()


def issue_an_order_after_a_warning(office: Answers) -> None:
    office.orders.append(an_order("B.notice..1.1", "2025-10-17T00:00:01+08:00"))


def miss_an_alarm(office: Answers) -> None:
    office.alarms.pop(3)


def move_an_alarm(by: timedelta) -> Callable[[Answers], None]:
    def move(office: Answers) -> None:
        alarm = office.alarms[3]
        alarm["crossed_at"] = (datetime.fromisoformat(alarm["crossed_at"]) + by).isoformat()

    return move


def raise_what_is_not_crossed(office: Answers) -> None:
    office.alarms.append(an_alarm("B", "promise", "overdue", 0, "10-20T11:00:00", "10-20T11:00:00"))


def state_another_due_instant(office: Answers) -> None:
    office.alarms[0]["due_at"] = "2025-10-22T00:00:00+08:00"


def withdraw_an_alarm_without_cause(office: Answers) -> None:
    office.alarms[3]["withdrawn"] = {"at": NOW.isoformat(), "cause": "late_entry"}


def detect_before_the_crossing(office: Answers) -> None:
    office.alarms[3]["detected_at"] = "2025-10-14T23:59:59.999999+08:00"


def hide_that_it_was_late(office: Answers) -> None:
    office.alarms[3]["detected_at"] = "2025-10-15T00:00:02.000001+08:00"


def alarm_of_nothing(office: Answers) -> None:
    office.alarms.append(an_alarm("X", "promise", "overdue", 0, "10-20T11:00:00", "10-20T11:00:00"))


@pytest.mark.parametrize(
    ("plant", "kinds"),
    [
        (lose_a_step, {"step_lost", "version_wrong", "alarm_wrong"}),
        (lose_an_application, {"step_lost", "application_lost"}),
        (store_a_step_twice, {"step_twice"}),
        (store_a_receipt_twice, {"step_twice"}),
        (store_what_was_refused, {"refused_but_stored"}),
        (store_what_nobody_sent, {"foreign_step"}),
        (change_a_step, {"step_changed"}),
        (leave_a_gap, {"chain_gap", "step_moved"}),
        (raise_an_alarm_twice, {"alarm_twice"}),
        (raise_an_alarm_twice_under_another_revision, {"alarm_twice", "order_missing"}),
        (miss_an_alarm, {"alarm_missing", "order_wrong"}),
        (move_an_alarm(ONE), {"alarm_wrong", "alarm_missing"}),
        (move_an_alarm(-ONE), {"alarm_wrong", "alarm_missing"}),
        (raise_what_is_not_crossed, {"alarm_wrong", "order_missing"}),
        (state_another_due_instant, {"alarm_wrong"}),
        (withdraw_an_alarm_without_cause, {"alarm_wrong", "alarm_missing", "order_wrong"}),
        (detect_before_the_crossing, {"detection_wrong"}),
        (hide_that_it_was_late, {"late_wrong"}),
        (alarm_of_nothing, {"alarm_wrong", "order_missing"}),
        (issue_an_order_twice, {"order_twice"}),
        (issue_no_order, {"order_missing"}),
        (issue_an_order_after_a_warning, {"order_wrong"}),
    ],
)
def test_a_planted_fault_is_found(office: Answers, plant: Callable[[Answers], None], kinds: set[str]) -> None:
    plant(office)
    assert {fault.kind for fault in judge(office)} == kinds


def test_an_alarm_that_late_entry_took_away_may_stand_withdrawn(office: Answers) -> None:
    office.steps["A"].append(a_step("A", 3, "decide", "10-14T11:00:00", 6))
    office.applications[0]["version"] = 3
    office.sent.add(6)
    office.acked[6] = Acked("A", 3, "h6")
    standing = {fault.kind for fault in judge(office)}
    assert standing == {"alarm_wrong"}
    for alarm in office.alarms:
        if alarm["clock"] == "statutory" or alarm["rung"] == 0:
            alarm["withdrawn"] = {"at": NOW.isoformat(), "cause": "late_entry"}
    office.orders[0]["status"] = "revoked"
    assert judge(office) == []


def test_a_message_too_many_one_too_few_and_one_of_nothing_are_found(office: Answers) -> None:
    """What one subscriber was told is held against the alarms; alarms that came back were raised once more."""
    told = [{"type": "alarm.raised", "subject": alarm["id"]} for alarm in office.alarms]
    told += [
        {"type": "alarm.withdrawn", "subject": alarm["id"]} for alarm in office.alarms if alarm["withdrawn"] is not None
    ]
    office.deliveries = list(told)
    assert judge(office) == []

    office.deliveries = told[1:]
    assert [fault.kind for fault in judge(office)] == ["message_missing"]

    office.deliveries = [*told, told[0]]
    assert [fault.kind for fault in judge(office)] == ["message_twice"]

    back = {"type": "alarm.withdrawn", "subject": told[0]["subject"]}
    office.deliveries = [*told, told[0], back]
    assert judge(office) == []

    office.deliveries = [*told, {"type": "alarm.raised", "subject": "nobody's"}]
    assert [fault.kind for fault in judge(office)] == ["message_wrong"]
