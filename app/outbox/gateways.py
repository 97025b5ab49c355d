"""Text messages and robots of chats: each gateway is a template of one HTTP request, and of what it calls accepted."""

import json
import re
import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import httpx2

from app.outbox import signing
from app.outbox.deliver import Outcome
from app.outbox.targets import Refused, Resolve, Targets, exchange
from app.outbox.wording import words_of

__all__ = ["TEMPLATES", "Gateway", "send_through"]

Json = Any  # JSON values, as a template nests them

TEMPLATES: Final[Mapping[str, dict[str, Json]]] = {
    "wecom": {
        "body": {"msgtype": "text", "text": {"content": "${title}\n${text}"}},
        "accepted": {"/errcode": 0},
    },
    "dingtalk": {
        "sign": "dingtalk",
        "body": {"msgtype": "text", "text": {"content": "${title}\n${text}"}},
        "accepted": {"/errcode": 0},
    },
}
"""The robots of 企业微信 and 钉钉, as their pages describe them."""

_HOLE = re.compile(r"\$\{([a-z]+)\}")


class Gateway(NamedTuple):
    """One gateway: where, with what, and what it answers when it has taken the message."""

    url: str
    headers: dict[str, str]
    body: Json
    form: bool
    accepted: dict[str, Json]
    sign: str | None
    secret: str
    to: list[str]


def filled(value: Json, words: Mapping[str, str]) -> Json:
    """A template with its holes filled: only within texts, so that no text can become structure."""
    if isinstance(value, str):
        return _HOLE.sub(lambda hole: words.get(hole[1], hole[0]), value)
    if isinstance(value, dict):
        return {name: filled(inner, words) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, words) for inner in value]
    return value


def request_of(gateway: Gateway, message: str, body: bytes, at: datetime) -> httpx2.Request:
    """The request that tells a message."""
    words = words_of(body)
    holes = {
        "title": words.title,
        "text": words.text,
        "count": str(words.amount),
        "id": message,
        "to": ",".join(gateway.to),
        "secret": gateway.secret,
    }
    url = gateway.url
    if gateway.sign == "dingtalk":
        timestamp, sign = signing.dingtalk(gateway.secret, at)
        url += f"{'&' if '?' in url else '?'}timestamp={timestamp}&sign={sign}"
    headers = {name: quote(filled(text, holes), safe=" !#$%&'()*+,/:;<=>?@[]^_`{|}~-\"") for name, text in
               gateway.headers.items()}  # fmt: skip
    content = filled(gateway.body, holes)
    if gateway.form:
        sent, kind = urlencode(content).encode(), "application/x-www-form-urlencoded"
    else:
        sent, kind = json.dumps(content, ensure_ascii=False).encode(), "application/json; charset=utf-8"
    return httpx2.Request("POST", url, content=sent, headers={"content-type": kind, **headers})


def is_accepted(accepted: Mapping[str, Json], status: int, body: bytes) -> bool:
    """Whether the answer says that the message was taken: a 2xx, and each value at its place (`/errcode`: 0)."""
    if not 200 <= status < 300:
        return False
    if not accepted:
        return True
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return all(at_place(document, place) == value for place, value in accepted.items())


def at_place(document: Json, place: str) -> Json:
    """What stands at a place of a JSON document; none where there is nothing."""
    for name in place.strip("/").split("/"):
        document = document.get(name) if isinstance(document, dict) else None
    return document


async def send_through(
    gateway: Gateway,
    message: str,
    body: bytes,
    at: datetime,
    *,
    targets: Targets,
    certificates: ssl.SSLContext,
    look_up: Resolve,
) -> Outcome:
    """Tell a message through a gateway: the rules of targets hold for it as for a webhook."""
    try:
        answered = await exchange(request_of(gateway, message, body, at), targets, certificates, look_up=look_up)
    except Refused as reason:
        return Outcome(False, answer=f"refused: {reason}")
    except TimeoutError:
        return Outcome(False, answer="no answer in time")
    except (OSError, httpx2.HTTPError) as error:
        return Outcome(False, answer=f"no answer: {type(error).__name__}")
    taken = is_accepted(gateway.accepted, answered.status, answered.body)
    return Outcome(taken, answered.status, answered.shown, answered.retry_after)
