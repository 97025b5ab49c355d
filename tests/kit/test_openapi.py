from typing import Annotated

import pytest
from pydantic import Field

from app.kit.openapi import complete, entry
from app.kit.schemas import LimitIn, Wire


class Inner(Wire):
    limit: LimitIn


class BodyOfTheTest(Wire):
    inner: list[Inner]


class Query(Wire):
    limit: Annotated[int, Field(ge=1, description="rows a page")] = 50
    since: str


@pytest.fixture(autouse=True)
def _no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kit.openapi._described", {})


def test_a_body_points_to_a_component_that_the_document_then_has() -> None:
    assert entry(body=BodyOfTheTest)["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/BodyOfTheTest"
    }
    schemas = complete({})["components"]["schemas"]
    assert {"BodyOfTheTest", "Inner", "LimitIn"} <= schemas.keys()
    assert "$defs" not in schemas["BodyOfTheTest"]


def test_a_component_that_is_there_already_stays() -> None:
    entry(body=BodyOfTheTest)
    there = {"components": {"schemas": {"Inner": {"title": "mine"}}}}
    assert complete(there)["components"]["schemas"]["Inner"] == {"title": "mine"}


def test_each_field_of_a_query_is_a_parameter() -> None:
    limit, since = entry(query=Query)["parameters"]
    assert (limit["name"], limit["in"], limit["required"], limit["description"]) == (
        "limit",
        "query",
        False,
        "rows a page",
    )
    assert limit["schema"]["minimum"] == 1
    assert (since["name"], since["required"]) == ("since", True)


def test_what_is_in_the_path_is_always_required() -> None:
    assert all(parameter["required"] for parameter in entry(path=Query)["parameters"])


def test_a_parameter_holds_no_other_model() -> None:
    with pytest.raises(TypeError, match="BodyOfTheTest"):
        entry(query=BodyOfTheTest)


def test_a_route_that_creates_names_the_idempotency_key() -> None:
    [parameter] = entry(idempotent=True)["parameters"]
    assert (parameter["name"], parameter["in"]) == ("Idempotency-Key", "header")


def test_two_bodies_of_one_name_are_refused() -> None:
    entry(body=BodyOfTheTest)
    with pytest.raises(TypeError, match="BodyOfTheTest"):
        entry(body=type("BodyOfTheTest", (Wire,), {}))


def test_every_error_is_told_as_a_problem() -> None:
    invalid = {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}}
    responses = {"200": {}, "422": {"content": invalid}, "429": {"description": "too many"}}
    document = complete(
        {"paths": {"/x": {"get": {"responses": responses}}}, "components": {"schemas": {"HTTPValidationError": {}}}}
    )
    said = document["paths"]["/x"]["get"]["responses"]
    assert set(said) == {"200", "429", "4XX", "5XX"}
    for status in ("429", "4XX", "5XX"):
        assert list(said[status]["content"]) == ["application/problem+json"]
    assert set(document["components"]["schemas"]) == {"Problem"}
