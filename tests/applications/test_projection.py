"""From a forecast to rows and views: pure."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from app.applications import events, projection, public_view
from app.applications.events import Draft, Fact
from app.applications.projection import Head, Holder
from app.calendars import catalogue
from app.domain import chain
from app.domain.forecast import forecast
from app.domain.spans import Forecast, Stretch
from app.domain.steps import Dossier, FixedDue, Status, Step, StepType
from app.domain.units import Limit, Unit
from app.items.reading import item_of
from app.items.schemas import ItemDocument
from tests.builders.applications import an_item_with_clocks

NUMBER = "Q0QJ-WRBA-61TW-PZ"
BEGIN = datetime(2026, 11, 2, 1, tzinfo=UTC)
ITEM = item_of(ItemDocument.model_validate(an_item_with_clocks().build()), 1)
CALENDAR = catalogue.newest("CN")
HOUR = timedelta(hours=1)


def facts_of(*drafts: Draft) -> list[Fact]:
    """What was recorded, as it would be read back."""
    facts = []
    for seq, draft in enumerate(drafts, 1):
        body = events.body_of(draft, draft.step.at, {"credential": "key:1", "role": "head"}, None)
        facts.append(Fact(events.step_of(NUMBER, seq, body), body, draft.private))
    return facts


def step(type_: StepType, hours: int, **fields: object) -> Step:
    return Step(type=type_, at=BEGIN + hours * HOUR, **fields)  # type: ignore[arg-type]


def life() -> list[Fact]:
    return facts_of(
        Draft(step(StepType.RECEIVE, 0, department="D1"), private={"subject": "年产一万吨项目"}),
        Draft(step(StepType.REQUEST_CORRECTION, 24), private={"missing": ["报告书"]}),
        Draft(step(StepType.SUBMIT_CORRECTION, 48)),
        Draft(step(StepType.ACCEPT, 50)),
        Draft(step(StepType.ASSIGN, 60, department="D2", section="审批科")),
        Draft(step(StepType.START_STAGE, 70, stage="review")),
        Draft(
            step(StepType.PAUSE, 72, ground="hearing", announced=Limit(3, Unit.WORKING_DAY)),
            extra={"legal_basis": "许可法 45"},
        ),
        Draft(step(StepType.RESUME, 120)),
        Draft(step(StepType.COMPLETE_STAGE, 130, stage="review")),
        Draft(step(StepType.START_STAGE, 131, stage="review")),
        Draft(step(StepType.EXTEND, 140, clock="statutory", amount=5), private={"reason": "复杂"}),
        Draft(step(StepType.DECIDE, 200, result="granted"), private={"document": {"number": "1号", "title": "批复"}}),
        Draft(step(StepType.CLOSE, 210, result_code="granted")),
    )


def head_of(facts: list[Fact]) -> Head:
    return Head(
        number=NUMBER, register="permit", source="api", external_ref="A-1", project_code=None, item=ITEM.code,
        item_version=1, calendar=CALENDAR.name, channel="window", receipt_rule="system_entry", submitted_at=BEGIN,
        received_on=BEGIN.date(), late_receipt=False, query_code_hash=b"", status="received", department="D1",
        section=None, officer=None, odd=[], version=len(facts), head_hash=b"", recorded_at=facts[-1].step.at,
        known_from=BEGIN, rewritten_at=None, next_look_at=None, quarantined_at=None,
    )  # fmt: skip


def outlook(facts: list[Fact]) -> Forecast:
    return forecast(Dossier(ITEM, CALENDAR, tuple(fact.step for fact in facts)))


def test_spans_are_cut_where_the_application_changes_hands_and_cover_the_same_time() -> None:
    found = outlook(life())
    parts = list(projection.held(found))
    assert {holder for _, holder in parts} == {Holder("D1", None, None), Holder("D2", "审批科", None)}
    for span in found.spans:
        mine = sorted(
            (part for part, _ in parts if part[:3] == span[:3] and span.from_at <= part.from_at and covers(span, part)),
            key=lambda part: part.from_at,
        )
        assert mine[0].from_at == span.from_at
        assert mine[-1].to_at == span.to_at
        for one, next_one in pairwise(mine):
            assert one.to_at == next_one.from_at
        assert all(part._replace(from_at=span.from_at, to_at=span.to_at) == span for part in mine)


def covers(whole: object, part: object) -> bool:
    end, inner = whole.to_at, part.to_at  # type: ignore[attr-defined]
    return end is None or (inner is not None and inner <= end)


def test_each_part_is_held_by_who_held_the_application_then() -> None:
    found = outlook(life())
    for part, holder in projection.held(found):
        assert holder == projection.holder_at(found.stretches, part.from_at)


def test_a_change_of_status_alone_cuts_nothing() -> None:
    facts = [fact for fact in life() if fact.step.type is not StepType.ASSIGN]
    found = outlook(facts)
    assert [span for span, _ in projection.held(found)] == list(found.spans)


def test_a_span_before_the_first_stretch_is_the_first_holders() -> None:
    found = outlook(life())
    late = Stretch(BEGIN + 500 * HOUR, None, Status.CLOSED, "D9", None, None)
    parts = list(projection.held(found._replace(stretches=(late,))))
    assert {holder.department for _, holder in parts} == {"D9"}


def test_the_head_stands_where_the_last_stretch_is() -> None:
    facts = life()
    moved = projection.moved(head_of(facts), outlook(facts))
    assert (moved.status, moved.department, moved.section, moved.odd) == ("closed", "D2", "审批科", [])


def test_the_view_reads_back_with_the_spans_and_stretches_that_went_in() -> None:
    facts = life()
    found = outlook(facts)
    view = public_view.read_view(
        public_view.spell_view(public_view.view_of(ITEM, "报告书审批", head_of(facts), facts, found))
    )
    assert tuple(public_view.spans_of_view(view)) == found.spans
    assert tuple(public_view.stretches_of_view(view)) == found.stretches
    for hours in (0, 1, 30, 73, 199, 205, 5_000):
        at = BEGIN + hours * HOUR
        covering = [s for s in found.spans if s.from_at <= at and (s.to_at is None or s.to_at > at)]
        assert public_view.spans_of_view(view, at) == covering


def test_the_view_tells_what_happened() -> None:
    facts = life()
    view = public_view.view_of(ITEM, "报告书审批", head_of(facts), facts, outlook(facts))
    assert view["subject"] == "年产一万吨项目"
    assert view["corrections"] == [
        {
            "requested_at": chain.stamp(BEGIN + 24 * HOUR),
            "submitted_at": chain.stamp(BEGIN + 48 * HOUR),
            "missing": ["报告书"],
        }
    ]
    assert view["pauses"] == [
        {
            "ground": "hearing",
            "legal_basis": "许可法 45",
            "from": chain.stamp(BEGIN + 72 * HOUR),
            "to": chain.stamp(BEGIN + 120 * HOUR),
            "announced": {"amount": 3, "unit": "working_day"},
        }
    ]
    assert view["stages"] == [
        {
            "code": "review",
            "name": "review",
            "started_at": chain.stamp(BEGIN + 70 * HOUR),
            "completed_at": chain.stamp(BEGIN + 130 * HOUR),
            "round": 1,
        },
        {
            "code": "review",
            "name": "review",
            "started_at": chain.stamp(BEGIN + 131 * HOUR),
            "completed_at": chain.stamp(BEGIN + 200 * HOUR),
            "round": 2,
        },
    ]
    assert view["extensions"] == [
        {
            "clock": "statutory",
            "stage": "",
            "amount": 5,
            "at": chain.stamp(BEGIN + 140 * HOUR),
            "reason": "复杂",
        }
    ]
    assert view["result"] == {
        "result": "granted",
        "decided_at": chain.stamp(BEGIN + 200 * HOUR),
        "document": {"number": "1号", "title": "批复"},
        "result_code": "granted",
    }


def test_the_view_takes_the_legal_order_and_not_that_of_recording() -> None:
    facts = facts_of(
        Draft(step(StepType.RECEIVE, 0)),
        Draft(step(StepType.SUBMIT_CORRECTION, 48)),
        Draft(step(StepType.REQUEST_CORRECTION, 24), private={"missing": ["a"]}),
    )
    [correction] = public_view.corrections_of(sorted(facts, key=lambda fact: fact.step.at))
    assert isinstance(correction, dict)
    assert correction["submitted_at"] == chain.stamp(BEGIN + 48 * HOUR)


def test_two_open_pauses_end_by_name_else_the_last_first() -> None:
    pauses = [
        Draft(step(StepType.PAUSE, hour, ground=ground)) for hour, ground in ((1, "hearing"), (2, "expert_review"))
    ]
    named = facts_of(*pauses, Draft(step(StepType.RESUME, 3, pause_id=f"{NUMBER}.1")))
    unnamed = facts_of(*pauses, Draft(step(StepType.RESUME, 3)))
    assert [pause["to"] is None for pause in public_view.pauses_of(named)] == [False, True]  # type: ignore[index, call-overload]
    assert [pause["to"] is None for pause in public_view.pauses_of(unnamed)] == [True, False]  # type: ignore[index, call-overload]


def test_a_step_reads_back_from_the_body_that_it_made() -> None:
    whole = Step(
        type=StepType.EXTEND,
        at=BEGIN,
        seq=1,
        id=f"{NUMBER}.1",
        recorded_at=BEGIN,
        stage="review",
        outcome="ok",
        clock="stage",
        amount=3,
        ground="hearing",
        announced=Limit(2, Unit.MONTH),
        pause_id=f"{NUMBER}.1",
        notified_at=BEGIN + HOUR,
        result="granted",
        result_code="x",
        department="D1",
        section="S",
        officer="O",
        fixed_due=(FixedDue("promise", BEGIN + 9 * HOUR), FixedDue("statutory", BEGIN + 8 * HOUR)),
        imported=True,
    )
    body = events.body_of(Draft(whole), BEGIN, {"credential": "k", "role": "head"}, None)
    assert events.step_of(NUMBER, 1, body) == whole
    chain.canonical(body)
    bare = Step(type=StepType.ACCEPT, at=BEGIN, seq=1, id=f"{NUMBER}.1", recorded_at=BEGIN)
    stated = events.body_of(Draft(bare), BEGIN, {"credential": "k", "role": "head"}, None)
    assert set(stated) == {"type", "occurred_at", "recorded_at", "by", "source"}
    assert events.step_of(NUMBER, 1, stated) == bare


def test_every_sealed_value_has_a_salt_and_a_commitment_of_its_own() -> None:
    private: dict[str, chain.Json] = {"note": "same", "reason": "same", "applicant": {"name": "张三"}}
    commitments, salted = events.private_of(private)
    again, _ = events.private_of(private)
    assert len({*commitments.values(), *again.values()}) == 6
    assert events.values_of(salted) == private
    assert "张三" not in str(commitments)
