"""The OpenAPI document says of the lean routes what their models say, and what is answered is what it says."""

from typing import Any

import httpx2
import pytest

from app.alarms.schemas import AlarmPage, AlarmQuery
from app.alarms.sweep import Sweeper
from app.kit.schemas import Wire
from app.kit.service import Service
from app.overdue.schemas import (
    DueSoonPage,
    DueSoonQuery,
    OverduePage,
    OverdueQuery,
    StreamQuery,
    SummaryOut,
    SummaryQuery,
)
from tests.builders.applications import Counter
from tests.conftest import Hands

POLLED = [
    ("/api/v1/overdue", OverdueQuery, OverduePage),
    ("/api/v1/due-soon", DueSoonQuery, DueSoonPage),
    ("/api/v1/overdue/summary", SummaryQuery, SummaryOut),
    ("/api/v1/overdue/stream", StreamQuery, None),
    ("/api/v1/alarms", AlarmQuery, AlarmPage),
]


async def document(client: httpx2.AsyncClient) -> Any:  # a JSON document
    return (await client.get("/openapi.json")).json()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("path", "query", "answer"), POLLED)
async def test_a_lean_route_is_documented_from_its_models(
    client: httpx2.AsyncClient, path: str, query: type[Wire], answer: type[Wire] | None
) -> None:
    described = await document(client)
    operation = described["paths"][path]["get"]
    in_query = {each["name"]: each for each in operation["parameters"] if each["in"] == "query"}
    assert set(in_query) == set(query.model_fields)
    for name, field in query.model_fields.items():
        assert in_query[name]["required"] is field.is_required()
        assert "null" not in str(in_query[name]["schema"].get("type"))
        assert in_query[name].get("description") == field.description or field.description is None
    if answer is not None:
        content = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert content == {"$ref": f"#/components/schemas/{answer.__name__}"}
        assert answer.__name__ in described["components"]["schemas"]
        assert "304" in operation["responses"]


async def test_what_is_answered_is_what_the_models_say(counter: Counter, service: Service, hands: Hands) -> None:
    await counter.receive()
    hands.set("2026-12-01T09:00:00+08:00")
    await Sweeper(service).sweep()
    for path, model in (
        ("/api/v1/overdue", OverduePage),
        ("/api/v1/overdue?changed_since=2026-11-30T00:00:00Z", OverduePage),
        ("/api/v1/due-soon?as_of=2026-11-06T09:00:00%2B08:00", DueSoonPage),
        ("/api/v1/overdue/summary?by=clock", SummaryOut),
        ("/api/v1/alarms", AlarmPage),
    ):
        answer = await counter.client.get(path, headers=counter.headers())
        assert answer.status_code == 200, answer.text
        page = model.model_validate_json(answer.content, strict=False)
        assert page.model_dump()["items"], path
