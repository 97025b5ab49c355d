"""When the sweep must look again."""

from datetime import UTC, datetime, timedelta

from app.applications.looks import earlier, look_at
from app.calendars import catalogue
from app.domain.forecast import forecast
from app.domain.rungs import crossings
from app.domain.spans import Forecast
from app.domain.steps import Dossier, Step, StepType
from app.items.reading import item_of
from app.items.schemas import ItemDocument
from tests.builders.applications import an_item_with_clocks

BEGIN = datetime(2026, 11, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ITEM = item_of(ItemDocument.model_validate(an_item_with_clocks().build()), 1)


def outlook(*steps: tuple[StepType, datetime]) -> Forecast:
    recorded = tuple(Step(type=type_, at=at, seq=seq) for seq, (type_, at) in enumerate(steps, 1))
    return forecast(Dossier(ITEM, catalogue.newest("CN"), recorded))


RECEIVED = outlook((StepType.RECEIVE, BEGIN))
FIRST = crossings(RECEIVED, None)[0].crossed_at


def test_a_new_application_is_looked_at_when_its_first_rung_is_reached() -> None:
    assert look_at(None, None, RECEIVED, since=BEGIN, now=BEGIN) == FIRST


def test_a_receipt_that_lies_back_is_looked_at_for_what_it_has_crossed() -> None:
    assert look_at(None, None, RECEIVED, since=BEGIN, now=BEGIN + 30 * DAY) == FIRST


def test_an_append_makes_it_earlier_and_never_later() -> None:
    sooner = FIRST - DAY
    assert look_at(sooner, RECEIVED, RECEIVED, since=BEGIN, now=BEGIN) == sooner
    assert look_at(FIRST + DAY, RECEIVED, RECEIVED, since=BEGIN, now=BEGIN) == FIRST


def test_nothing_to_come_leaves_it_as_it_is() -> None:
    closed = outlook((StepType.RECEIVE, BEGIN), (StepType.REFUSE, BEGIN + DAY))
    assert look_at(None, RECEIVED, closed, since=BEGIN + DAY, now=BEGIN + DAY) is None
    assert look_at(FIRST, RECEIVED, closed, since=BEGIN + DAY, now=BEGIN + DAY) == FIRST


def test_an_act_in_time_that_is_entered_after_the_end_is_looked_at_now() -> None:
    now = FIRST + DAY
    accepted = outlook((StepType.RECEIVE, BEGIN), (StepType.ACCEPT, BEGIN + DAY))
    assert look_at(None, RECEIVED, accepted, since=BEGIN + DAY, now=now) == now


def test_the_earlier_of_two_of_which_either_may_be_absent() -> None:
    assert earlier(None, None) is None
    assert earlier(BEGIN, None) == earlier(None, BEGIN) == BEGIN
    assert earlier(BEGIN + DAY, BEGIN) == BEGIN
