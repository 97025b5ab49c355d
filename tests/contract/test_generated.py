"""Requests that schemathesis makes of the document: no server error, and every answer as the document says.

A few a route; SHIXIAN_TEST_FUZZ=n makes n of them, valid ones and broken ones each, `make test-faults` 300.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.kit.service import open_service
from app.kit.settings import Settings
from app.kit.throttle import Throttle
from app.main import create_app
from tests.builders.applications import a_receipt, an_item_with_clocks
from tests.conftest import ADMIN_KEY
from tests.contract.wire import Answer, Sender

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
FOUND: list[Any] = [result.ok() for result in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]  # type: ignore[union-attr]
OPERATIONS = {operation.label: operation for operation in FOUND}
MANY = "300" if os.environ.get("SHIXIAN_TEST_FAULTS") == "full" else "6"
EXAMPLES = int(os.environ.get("SHIXIAN_TEST_FUZZ", MANY))
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Target:
    """The application on a loop of its own, for tests that are plain functions."""

    def __init__(self, settings: Settings) -> None:
        self.loop = asyncio.new_event_loop()
        self.service = self.loop.run_until_complete(open_service(settings))
        self.service.throttle = Throttle(per_minute=10**9, total_per_minute=10**9)
        self.send = Sender(create_app(self.service))
        self.number = ""

    def close(self) -> None:
        """End it."""
        self.loop.run_until_complete(self.service.close())
        self.loop.close()

    def ask(self, method: str, target: str, body: bytes | None, media_type: str | None = "application/json") -> Answer:
        """One request under the key that holds every role."""
        headers = [("X-API-Key", ADMIN_KEY)]
        return self.loop.run_until_complete(self.send(method, target, body, headers, media_type=media_type))

    def opens(self) -> None:
        """A department, an item and an application that the generated requests may meet."""
        item = an_item_with_clocks().build()
        for method, target, body in (
            ("PUT", "/api/v1/departments/D1", {"name": "局"}),
            ("PUT", "/api/v1/items/eia-report", item),
            ("POST", "/api/v1/applications", a_receipt()),
        ):
            answer = self.ask(method, target, json.dumps(body).encode())
            assert answer.status == 201, answer.body
        self.number = str(answer.json()["tracking_number"])


@pytest.fixture
def target(database_url: str) -> Iterator[Target]:
    """The application with an office in it."""
    secret = SecretStr("the-secret-of-the-tests-0123456789abcdef")
    target = Target(
        Settings(
            _env_file=None,
            mode="test",
            database_url=database_url,
            secret_key=secret,
            admin_key=SecretStr(ADMIN_KEY),
        )
    )
    target.opens()
    yield target
    target.close()


def run(target: Target, case: Any) -> None:  # a case of schemathesis
    """Send a generated request and check what comes back."""
    if "tracking_number" in (case.path_parameters or {}) and len(str(case.path_parameters["tracking_number"])) % 2:
        case.path_parameters["tracking_number"] = target.number
    told = case.as_transport_kwargs(base_url="http://testserver")
    prepared = requests.Request(
        told["method"],
        told["url"],
        headers={name: text for name, text in told["headers"].items() if "\n" not in text and "\r" not in text},
        params=told.get("params"),
        json=told.get("json"),
        data=told.get("data"),
    ).prepare()
    address = urlsplit(str(prepared.url))
    given: Any = prepared.body
    body = given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given
    path = f"{address.path}?{address.query}" if address.query else address.path
    media_type = prepared.headers.get("content-type")
    answer = target.ask(str(prepared.method), path, body, str(media_type) if media_type else None)
    response = Response(
        status_code=answer.status,
        headers={name: [text] for name, text in answer.headers.items()},
        content=answer.body,
        request=prepared,
        elapsed=0.0,
        verify=False,
        encoding="utf-8",
    )
    no_sweep_yet = case.operation.label == "GET /readyz" and answer.status == 503
    case.validate_response(response, checks=CHECKS[1:] if no_sweep_yet else CHECKS)


@pytest.mark.faults
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_generated_requests_are_answered_as_documented(target: Target, label: str) -> None:
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        strategy = OPERATIONS[label].as_strategy(generation_mode=mode)

        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=EXAMPLES < 50,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def conforms(case: Any) -> None:
            run(target, case)

        try:
            conforms()
        except hypothesis.errors.Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, "a route without any valid request"
