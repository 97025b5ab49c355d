"""The figures of the real permits and requests, against a count by hand over the files: equal to the last unit."""

import gzip
import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.imports.applications_csv import Files, import_applications
from app.imports.mapping import read_mapping
from app.kit.service import Service
from tests.imports.lists import every_row
from tests.statistics.by_hand import Request, by_hand, read_requests

PERMITS = Path(__file__).parents[2] / "app" / "imports" / "data" / "permits"
REQUESTS = Path(__file__).parents[1] / "data" / "service_requests"
BY = ("department", "item", "section", "officer", "month")

Json = dict[str, Any]  # a JSON object

PERMIT_TIMES = [
    ("2010-12-31T23:59:59+08:00", "2010-10-01", "2010-12-31"),
    ("2011-03-28T00:00:00+02:00", "2011-01-01", "2011-03-31"),
    ("2011-07-01T12:00:00+08:00", "2010-10-01", "2011-07-01"),
    ("2011-10-30T02:30:00+01:00", "2011-09-15", "2011-10-15"),
    ("2012-01-24T00:00:00+01:00", "2010-01-01", "2012-12-31"),
]
REQUEST_TIMES = [
    ("2015-03-08T03:00:00-04:00", "2015-01-01", "2015-03-08"),
    ("2015-06-30T23:59:59-04:00", "2015-06-01", "2015-06-30"),
    ("2015-09-04T09:00:00-04:00", "2015-05-13", "2015-09-04"),
    ("2015-11-01T01:30:00-05:00", "2015-01-01", "2015-12-31"),
    ("2016-01-12T22:53:53-05:00", "2015-01-01", "2016-01-31"),
]


def without_words(figures: Json) -> Json:
    """Figures without codes, names and labels."""
    clocks = [
        {name: value for name, value in clock.items() if name != "clock_label"}
        | {"used": [{"unit": used["unit"], "spread": used["spread"]} for used in clock["used"]]}
        for clock in figures["clocks"]
    ]
    return {name: value for name, value in figures.items() if name not in {*BY, "name"}} | {"clocks": clocks}


async def check(
    client: httpx2.AsyncClient,
    key: str,
    requests: list[Request],
    times: list[tuple[str, str, str]],
    kinds: tuple[str, ...] = BY,
) -> None:
    """The statistics of these kinds at each instant, at the last one those of every kind."""
    for as_of, first, last in times:
        for by in BY if (as_of, first, last) == times[-1] else kinds:
            answer = await client.get(
                "/api/v1/statistics",
                params={"by": by, "from": first, "to": last, "as_of": as_of},
                headers={"X-API-Key": key},
            )
            assert answer.status_code == 200, answer.text
            told = answer.json()
            counted = by_hand(
                requests, by, date.fromisoformat(first), date.fromisoformat(last), datetime.fromisoformat(as_of)
            )
            assert without_words(told["total"]) == counted.pop("*"), (as_of, by)
            lines = {line[by]: without_words(line) for line in told["items"]}
            assert lines == counted, (as_of, by)


async def test_the_figures_of_the_permits_are_those_counted_by_hand(
    client: httpx2.AsyncClient, service: Service, keys: Mapping[str, str]
) -> None:
    await import_applications(service, Files(PERMITS, read_mapping(PERMITS / "mapping.yaml"), create_missing=True))
    texts = [(PERMITS / name).read_text(encoding="utf-8") for name in ("applications.csv", "steps.csv")]
    requests = read_requests(texts[0], texts[1])
    assert len(requests) == 726

    await check(client, keys["supervisor"], requests, PERMIT_TIMES)


async def test_each_day_of_each_permit_has_one_owner_and_they_add_up_to_its_elapsed_days(
    client: httpx2.AsyncClient, service: Service, keys: Mapping[str, str]
) -> None:
    await import_applications(service, Files(PERMITS, read_mapping(PERMITS / "mapping.yaml"), create_missing=True))
    texts = [(PERMITS / name).read_text(encoding="utf-8") for name in ("applications.csv", "steps.csv")]
    requests = {request.ref: request for request in read_requests(texts[0], texts[1])}
    as_of = "2012-01-24T00:00:00+01:00"
    rows = await every_row(client, keys["supervisor"], "/api/v1/applications", as_of=as_of)
    assert len(rows) == 726
    elapsed: dict[str, int] = {}
    total: dict[str, int] = {}
    for row in rows:
        answer = await client.get(
            f"/api/v1/applications/{row['tracking_number']}/days",
            params={"as_of": as_of},
            headers={"X-API-Key": keys["supervisor"]},
        )
        told = answer.json()
        request = requests[row["external_ref"]]
        end = max(request.closed, request.submitted) if request.closed else datetime.fromisoformat(as_of)
        begin, last = (date_in_beijing(instant) for instant in (request.submitted, end))
        assert told["elapsed"] == (last - begin).days, row["external_ref"]
        assert told["owners"]["total"] == told["elapsed"] == sum(run["days"] for run in told["runs"])
        days = [
            day
            for run in told["runs"]
            for day in range(date.fromisoformat(run["from"]).toordinal(), date.fromisoformat(run["to"]).toordinal() + 1)
        ]
        assert days == list(range(begin.toordinal() + 1, last.toordinal() + 1)), row["external_ref"]
        elapsed[row["external_ref"]] = told["elapsed"]
        if request.closed:
            total = {owner: total.get(owner, 0) + count for owner, count in told["owners"].items()}
    summed = await client.get(
        "/api/v1/statistics",
        params={"by": "item", "from": "2010-01-01", "to": "2012-12-31", "as_of": as_of},
        headers={"X-API-Key": keys["supervisor"]},
    )
    assert summed.json()["total"]["days_owned"] == total


def date_in_beijing(instant: datetime) -> date:
    """The day of an instant in the zone of the nation's calendar."""
    return (instant.astimezone(datetime.fromisoformat("2020-01-01T00:00:00+08:00").tzinfo)).date()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The requests, unpacked."""
    for name in ("applications.csv", "steps.csv"):
        (tmp_path / name).write_bytes(gzip.decompress((REQUESTS / f"{name}.gz").read_bytes()))
    return tmp_path


async def test_the_figures_of_the_requests_are_those_counted_by_hand_and_the_verdicts_those_of_the_city(
    client: httpx2.AsyncClient, service: Service, keys: Mapping[str, str], files: Path
) -> None:
    await import_applications(service, Files(files, create_missing=True))
    requests = read_requests((files / "applications.csv").read_text(), (files / "steps.csv").read_text())
    assert len(requests) == 11_333

    await check(client, keys["supervisor"], requests, REQUEST_TIMES, ("department", "month"))

    city = json.loads(gzip.decompress((REQUESTS / "expected.json.gz").read_bytes()))
    answer = await client.get(
        "/api/v1/statistics",
        params={"by": "department", "from": "2015-01-01", "to": "2016-01-31", "as_of": city["as_of"][-1]["as_of"]},
        headers={"X-API-Key": keys["supervisor"]},
    )
    [promise] = answer.json()["total"]["clocks"]
    assert promise["open_overdue"] == len(city["city_flag"]["overdue_open"]) == 2_537
    assert city["city_flag"]["finished_late"] == "same as finished_late_promise"
    assert promise["late"] == len(city["finished_late_promise"]) == 3_436
