"""Logs: one line each, nothing in them that must not be there."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.kit.logs import redact

SECRETS = [
    "sx_12345678_abcdefghijklmnopqrstuvwxyzABCDEF_9f",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "110101199003074514",
    "13800000000",
    "postgresql://user:geheim@host/db",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_hidden_wherever_they_stand(secret: str) -> None:
    line = redact(f"before {secret} after")
    assert secret not in line
    assert "geheim" not in line
    assert line.startswith("before ")
    assert line.endswith(" after")


def test_of_a_tracking_number_the_first_four_symbols_stay() -> None:
    assert redact("look up Q0QJ-WRBA-61TW-PZ now") == "look up Q0QJ… now"


@pytest.mark.parametrize(
    "text", ["2026-11-02T09:10:00+08:00", "410105-hbj", "12 steps in 0.25 s", "CN-41@7", "国办发明电〔2025〕7号"]
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


SCRIPT = """
import logging, sys
import structlog
from app.kit.logs import configure_logs, request_id, access
configure_logs(form=sys.argv[1])
log = structlog.get_logger("a.feature")
request_id.set("r-1")
log.info("a\\nforged line", name="张三", password="geheim", api_key="geheim",
         nested={"id_number": "geheim", "n": [1, "sx_12345678_geheim"]})
logging.getLogger("uvicorn.error").warning("started at %s", "http://u:geheim@h")
try:
    raise ValueError("13800000000 geheim-not".replace(" geheim-not", ""))
except ValueError:
    log.exception("failed")
access("GET", "/x/{no}", 200, 0.0012, "r-1")
logging.getLogger("uvicorn.access").info("GET /api/v1/public/applications/Q0QJ-WRBA-61TW-PZ geheim")
log.debug("not at this level geheim")
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_every_line_is_one_line_and_holds_no_secret(form: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, form], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE, check=True
    )
    assert b"geheim" not in run.stderr
    assert b"13800000000" not in run.stderr
    if form == "console":
        return
    assert run.stderr.isascii()
    lines = [json.loads(line) for line in io.BytesIO(run.stderr)]
    assert [line["event"] for line in lines] == [
        "a\nforged line",
        "started at http://(hidden)@h",
        "failed",
        "request",
    ]
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert [line.get("request_id") for line in lines] == ["r-1"] * 4
    assert lines[0]["name"] == "张三"
    assert lines[0]["nested"] == {"id_number": "(hidden)", "n": [1, "(hidden)"]}
    assert "Traceback" in lines[2]["exception"]
