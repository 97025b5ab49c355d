"""The report of a month: the figures of the statistics, once as JSON, once as a workbook, once to be printed."""

import zipfile
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import httpx2
import pytest

from app.statistics.tables import Share, Table
from app.statistics.workbook import MEDIA_TYPE, column, workbook
from tests.builders.applications import Counter
from tests.conftest import Hands
from tests.statistics.asking import ask

Json = dict[str, Any]  # a JSON object
MAIN = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


async def report(counter: Counter, form: str = "json", *, role: str = "supervisor", **query: str) -> httpx2.Response:
    """The answer to a report that is there."""
    answer = await counter.client.get(
        "/api/v1/reports/monthly",
        params={"month": "2026-11", "format": form, **query},
        headers={"X-API-Key": counter.keys[role], "Accept-Language": "en"},
    )
    assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture
async def november(counter: Counter, hands: Hands) -> Counter:
    """One decided in November, one left open, one received in December; it is the 5th of December."""
    number = (await counter.receive())["tracking_number"]
    await counter.step(number, "accept")
    hands.set("2026-11-04T10:00:00+08:00")
    await counter.step(number, "decide", result="granted")
    await counter.receive()
    hands.set("2026-12-01T00:00:00+08:00")
    await counter.receive()
    hands.set("2026-12-05T09:00:00+08:00")
    return counter


def parsed(archive: zipfile.ZipFile, part: str) -> ET.Element:
    """A part of a workbook of ours."""
    return ET.fromstring(archive.read(part))  # noqa: S314


def sheets_of(content: bytes) -> dict[str, list[list[str]]]:
    """The cells of each sheet, read from the parts as the standard says."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        types = parsed(archive, "[Content_Types].xml")
        named = {one.attrib["PartName"] for one in types if "PartName" in one.attrib}
        assert named == {
            f"/{name}" for name in archive.namelist() if name.startswith("xl/") and not name.endswith(".rels")
        }
        ways = {one.attrib["Id"]: one.attrib["Target"] for one in parsed(archive, "xl/_rels/workbook.xml.rels")}
        found = {}
        relation = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
        for sheet in parsed(archive, "xl/workbook.xml").iterfind("m:sheets/m:sheet", MAIN):
            rows = parsed(archive, f"xl/{ways[sheet.attrib[relation]]}").iterfind("m:sheetData/m:row", MAIN)
            found[sheet.attrib["name"]] = [
                ["".join(each.itertext()) for each in row.iterfind("m:c", MAIN)] for row in rows
            ]
        return found


async def test_the_report_holds_the_figures_of_the_month_as_of_its_last_instant(november: Counter) -> None:
    told: Json = (await report(november)).json()
    assert (told["from"], told["to"], told["is_over"]) == ("2026-11-01", "2026-11-30", True)
    assert told["as_of"] == "2026-11-30T23:59:59.999999+08:00"
    assert (told["total"]["received"], told["total"]["decided"], told["total"]["open"]) == (2, 1, 1)
    period = {"from": "2026-11-01", "to": "2026-11-30", "as_of": told["as_of"]}
    for by in ("department", "item"):
        same = await ask(november, by=by, **period)
        assert (told[f"{by}s"], told["total"]) == (same["items"], same["total"])
    assert {one["clock"] for one in told["rankings"]} == {clock["clock"] for clock in told["total"]["clocks"]}
    for ranking in told["rankings"]:
        assert ranking["items"] == (await ask(november, "/ranking", clock=ranking["clock"], **period))["items"]


async def test_while_the_month_goes_on_the_report_says_so_and_speaks_of_now(counter: Counter, hands: Hands) -> None:
    await counter.receive()
    hands.set("2026-11-04T10:00:00+08:00")
    told: Json = (await report(counter)).json()
    assert (told["is_over"], told["as_of"]) == (False, "2026-11-04T10:00:00+08:00")
    assert "the month is not over" in (await report(counter, "html")).text


async def test_what_is_recorded_later_does_not_change_the_report_of_what_was_known(
    november: Counter, hands: Hands
) -> None:
    before = {form: (await report(november, form, known_at="2026-12-05T09:00:00+08:00")) for form in ("json", "xlsx")}
    hands.set("2026-12-06T09:00:00+08:00")
    number = next(
        row["tracking_number"]
        for row in (await november.get("", status="received")).json()["items"]
        if row["submitted_at"].startswith("2026-11")
    )
    await november.step(
        number, "accept", occurred_at="2026-11-30T10:00:00+08:00", late_reason="系统故障", approver="王五"
    )
    assert (await report(november)).json()["total"]["accepted"] == 2
    for form, answer in before.items():
        again = await report(november, form, known_at="2026-12-05T09:00:00+08:00")
        assert again.content == answer.content


async def test_workbook_and_page_hold_the_same_figures(november: Counter) -> None:
    told: Json = (await report(november)).json()
    answer = await report(november, "xlsx")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["content-disposition"] == 'attachment; filename="shixian-2026-11.xlsx"'
    sheets = sheets_of(answer.content)
    counts = sheets["Departments · Applications"]
    total = dict(zip(counts[0], counts[-1], strict=True))
    assert (total["Name"], total["Received"], total["Decided"], total["Open"]) == ("Total", "2", "1", "1")
    page = (await report(november, "html")).text
    assert page.count("<h2>") == len(sheets)
    for definition in told["definitions"]:
        assert [definition["name"], definition["words"]] in sheets["Definitions"]
    assert "<script" not in page
    assert "http" not in page


async def test_the_page_asks_no_address_for_anything_and_lets_no_text_become_markup(
    november: Counter, keys: dict[str, str]
) -> None:
    name = '<b onclick="x">=1+1&'
    put = {"json": {"name": name}, "headers": {"X-API-Key": keys["admin"]}}
    assert (await november.client.put("/api/v1/departments/D1", **put)).is_success  # type: ignore[arg-type]
    answer = await report(november, "html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<b onclick" not in answer.text
    assert "&lt;b onclick=&#34;x&#34;&gt;=1+1&amp;" in answer.text
    assert sheets_of((await report(november, "xlsx")).content)["Departments · Applications"][1][0] == name


async def test_a_month_that_has_not_begun_or_is_none_is_refused(counter: Counter) -> None:
    for month, code in (("2026-12", "month_not_begun"), ("2026-13", "invalid"), ("2026-1", "invalid"), ("", "invalid")):
        answer = await counter.client.get(
            "/api/v1/reports/monthly", params={"month": month}, headers={"X-API-Key": counter.keys["supervisor"]}
        )
        assert answer.status_code == 422, month
        assert code in ("invalid", answer.json()["code"])


async def test_an_office_reads_its_own_month(november: Counter) -> None:
    told: Json = (await report(november, role="head")).json()
    assert [line["department"] for line in told["departments"]] == ["D1"]


def test_sheets_have_names_of_their_own_and_numbers_stay_numbers() -> None:
    tables = [
        Table("x" * 40, ("a", "b"), [("=1+1", Share(0.5)), (None, 3), ("\x01", 0.25)]),
        Table("x" * 40, ("a",), []),
        Table("a/b:c", ("a",), []),
    ]
    content = workbook(tables)
    assert content == workbook(tables)
    sheets = sheets_of(content)
    assert list(sheets) == ["x" * 31, "x" * 27 + " 2", "a b c"]
    assert sheets["x" * 31] == [["a", "b"], ["=1+1", "0.5"], ["3"], ["\ufffd", "0.25"]]
    with zipfile.ZipFile(BytesIO(content)) as archive:
        first = archive.read("xl/worksheets/sheet1.xml").decode()
    assert '<c r="B2" s="2"><v>0.5</v></c>' in first
    assert "<f>" not in first


def test_columns_are_called_as_in_every_sheet() -> None:
    assert [column(place) for place in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
