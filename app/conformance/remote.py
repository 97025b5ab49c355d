"""Asks a service: one POST a batch, no redirect followed, an end to waiting, and what went wrong in one line."""

import http.client
import json
import ssl
import time
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import SplitResult, urlsplit

__all__ = ["PATH", "Ask", "NotAnswered", "Remote"]

Json = Any  # a value of an answer

PATH: Final = "/api/v1/simulations"
MOST_BYTES: Final = 256 << 20
"""An answer to a thousand cases is some megabytes; what never ends is cut off."""
CHUNK: Final = 1 << 16
SHOWN: Final = 200


class NotAnswered(Exception):
    """The service could not be asked, or its answer is none; the message says why, in one line."""


class Ask(Protocol):
    """Whatever answers cases: a service over HTTP, or in a test a function."""

    def __call__(self, cases: list[dict[str, Json]]) -> list[dict[str, Json]]:
        """One result for each case, in the order asked."""
        ...


class Remote(NamedTuple):
    """A service that speaks `POST /api/v1/simulations`, at an address."""

    url: str
    key: str | None = None
    timeout: float = 60.0

    def __call__(self, cases: list[dict[str, Json]]) -> list[dict[str, Json]]:
        """The results of a batch; `NotAnswered` when there are none."""
        body = json.dumps({"cases": cases}, ensure_ascii=False, separators=(",", ":")).encode()
        status, headers, raw = self._post(body)
        if 300 <= status < 400:
            elsewhere = headers.get("location", "nowhere")
            raise NotAnswered(
                f"{self.url} answers {status} and points to {elsewhere}; it was not followed: name it as --url"
            )
        if status == 429 or status == 503:
            wait = headers.get("retry-after")
            raise NotAnswered(f"{self.url} answers {status}: too busy{f', asks for {wait} s' if wait else ''}")
        if status != 200:
            raise NotAnswered(f"{self.url} answers {status}: {_shown(raw)}")
        return self._results(raw, cases)

    def _results(self, raw: bytes, cases: list[dict[str, Json]]) -> list[dict[str, Json]]:
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError):
            raise NotAnswered(f"{self.url} answers what is no JSON: {_shown(raw)}") from None
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
            raise NotAnswered(f'{self.url} answers without a list "results": {_shown(raw)}')
        if [result.get("id") for result in results] != [case["id"] for case in cases]:
            raise NotAnswered(
                f"{self.url} answers {len(results)} results for {len(cases)} cases, or not in the order asked"
            )
        return results

    def _post(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body, before the time is over."""
        address = _address(self.url)
        until = time.monotonic() + self.timeout
        connection = self._connection(address)
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "shixian-conformance",
        }
        if self.key is not None:
            headers["X-API-Key"] = self.key
        try:
            connection.request("POST", address.path.rstrip("/") + PATH, body=body, headers=headers)
            with connection.getresponse() as response:
                raw = self._whole(response, until)
                return response.status, {name.lower(): value for name, value in response.getheaders()}, raw
        except TimeoutError:
            raise NotAnswered(f"{self.url} did not answer within {self.timeout:g} s") from None
        except ssl.SSLError as error:
            raise NotAnswered(f"{self.url}: no secure connection: {error.reason or error}") from error
        except http.client.HTTPException as error:
            raise NotAnswered(f"{self.url} does not speak HTTP ({type(error).__name__})") from error
        except OSError as error:
            raise NotAnswered(f"{self.url} cannot be reached: {error.strerror or error}") from error
        finally:
            connection.close()

    def _whole(self, response: http.client.HTTPResponse, until: float) -> bytes:
        """All of an answer; one that goes on too long, or for ever, is none."""
        parts: list[bytes] = []
        size = 0
        while chunk := response.read1(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if time.monotonic() > until:
                raise NotAnswered(f"{self.url} did not finish its answer within {self.timeout:g} s")
            if size > MOST_BYTES:
                raise NotAnswered(f"{self.url} answers more than {MOST_BYTES >> 20} MB")
        return b"".join(parts)

    def _connection(self, address: SplitResult) -> http.client.HTTPConnection:
        if address.scheme == "https":
            return http.client.HTTPSConnection(address.hostname or "", address.port, timeout=self.timeout)
        return http.client.HTTPConnection(address.hostname or "", address.port, timeout=self.timeout)


def _address(url: str) -> SplitResult:
    """The parts of the address, which is http or https, with a host and nothing after its path."""
    try:
        address = urlsplit(url)
        known = address.scheme in ("http", "https") and address.hostname and (address.port is None or address.port > 0)
    except ValueError:
        known = False
    if not known or address.query or address.fragment or not url.isascii() or any(sign.isspace() for sign in url):
        raise NotAnswered(f"{url} is no address of a service: give http://host:port or https://host")
    return address


def _shown(raw: bytes) -> str:
    """The beginning of an answer, safe to print."""
    text = raw[: SHOWN * 4].decode("utf-8", "replace")
    try:
        problem = json.loads(raw) if len(raw) < CHUNK else None
    except (ValueError, RecursionError):
        problem = None
    if isinstance(problem, dict) and isinstance(problem.get("detail"), str):
        text = problem["detail"]
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text[:SHOWN] or "(nothing)"
