"""`shixian conformance` against servers that agree, differ, are dead, slow, elsewhere or talk nonsense."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli.root import commands
from app.conformance.case_files import published
from app.simulations.simulate import judge

Json = Any
Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server on loopback that answers every POST so; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with suppress(OSError):  # whoever asked has gone
                answer(self, body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def agree(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """This service's own engine."""
    send(handler, 200, judge(body, {}, "en").answer)


def one_day_late(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    results = json.loads(judge(body, {}, "en").answer)["results"]
    send(handler, 200, json.dumps({"results": [{**result, "due_on": "2099-01-01"} for result in results]}).encode())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["conformance", *arguments])


@pytest.fixture
def small(tmp_path: Path) -> str:
    """Two cases of the nation's calendar."""
    file = json.loads(published()["cn-hard-cases"].read_text(encoding="utf-8"))
    path = tmp_path / "small.json"
    path.write_text(json.dumps({**file, "cases": file["cases"][:2]}), encoding="utf-8")
    return str(path)


def test_all_published_cases_agree_with_this_service_in_batches() -> None:
    asked: list[int] = []

    def counted(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        asked.append(len(json.loads(body)["cases"]))
        agree(handler, body)

    with serving(counted) as url:
        done = run("all", "--url", url, "--batch", "150")

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].endswith(" 0 differ")
    assert max(asked) == 150


def test_what_differs_is_told_with_field_expectation_answer_and_source(small: str) -> None:
    with serving(one_day_late) as url:
        done = run(small, "--url", url)

    assert done.exit_code == 1
    assert "cnd-0000" in done.stdout
    assert "    due_on: expected 2020-01-16, got 2099-01-01" in done.stdout
    assert "source: the yearly notices" in done.stdout
    assert "2 cases, 0 agree, 2 differ" in done.stdout


def test_the_same_as_one_document(small: str) -> None:
    with serving(one_day_late) as url:
        done = run(small, "--url", url, "--json")
    document = json.loads(done.stdout)

    assert done.exit_code == 1
    assert (document["asked"], document["agree"], document["differ"]) == (2, 0, 2)
    [first, _] = document["files"][0]["cases"]
    assert first["differences"] == [{"field": "due_on", "expected": "2020-01-16", "got": "2099-01-01"}]


def test_the_key_is_sent_and_a_path_before_the_interface_is_kept(small: str) -> None:
    seen: list[tuple[str, str | None]] = []

    def look(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        seen.append((handler.path, handler.headers["X-API-Key"]))
        agree(handler, body)

    with serving(look) as url:
        assert run(small, "--url", f"{url}/shixian/", "--key", "secret").exit_code == 0
    assert seen == [("/shixian/api/v1/simulations", "secret")]


def nonsense(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    send(handler, 200, b"<html>\x1b[31mwelcome</html>")


def elsewhere(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    send(handler, 307, b"", Location="http://198.51.100.7/api/v1/simulations")


def no_results(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    send(handler, 200, b'{"answers": []}')


def too_few(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    send(handler, 200, b'{"results": [{"id": "cnd-0001"}]}')


def refused(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    send(handler, 401, b'{"code": "credential_invalid", "detail": "The credential is not valid."}')


def busy(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    send(handler, 429, b"", Retry_After="7")


def never(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    time.sleep(1.5)


def drop_by_drop(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def no_http(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.wfile.write(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (nonsense, "no JSON: <html> [31mwelcome</html>"), (elsewhere, "points to http://198.51.100.7/"),
        (no_results, 'without a list "results"'), (too_few, "1 results for 2 cases"),
        (refused, "answers 401: The credential is not valid."), (busy, "answers 429: too busy, asks for 7 s"),
        (never, "did not answer within 0.5 s"), (drop_by_drop, "did not finish its answer within 0.5 s"),
        (no_http, "does not speak HTTP"),
    ],
)  # fmt: skip
def test_a_service_that_does_not_answer_is_told_in_one_line(small: str, answer: Answer, says: str) -> None:
    with serving(answer) as url:
        done = run(small, "--url", url, "--timeout", "0.5")

    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name a case file"), (("law",), "--url"), (("law", "--url", "ftp://x"), "no address of a service"),
        (("law", "--url", "http://"), "no address"), (("law", "--url", "http://h:99999"), "no address"),
        (("law", "--url", "http://h/a b"), "no address"), (("law", "--url", "http://127.0.0.1:1"), "cannot be reached"),
        (("law", "--url", "http://nowhere.invalid"), "cannot be reached"),
        (("gone.json", "--url", "http://h"), "no such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_says_so_and_ends_with_two(arguments: tuple[str, ...], says: str) -> None:
    done = run(*arguments)

    assert done.exit_code == 2, done.output
    assert says in done.stderr


def test_could_not_run_is_a_document_too_where_one_is_asked_for() -> None:
    done = run("law", "--url", "http://127.0.0.1:1", "--json")

    assert done.exit_code == 2
    assert "cannot be reached" in json.loads(done.stdout)["error"]


def test_the_published_files_are_listed_with_their_place() -> None:
    done = run("--list")

    assert done.exit_code == 0
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == set(published())
