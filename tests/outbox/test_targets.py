"""Whom the service connects to: nothing that was not judged ever sees a packet.

Each address of the corpus is tried as it is written, by a name that leads to it, by a redirect to it, and by a name
whose answer changes after it was judged. Canaries listen on the loopback addresses; none is ever connected to.
"""

import asyncio
import ipaddress
import json
import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.kit.allowlist import parse_allowlist
from app.outbox import targets as rules
from app.outbox.targets import Refused, Targets, exchange
from tests.support.receiver import Receiver, Request, receiving, reply

BAD = json.loads((Path(__file__).parents[1] / "data" / "bad_inputs" / "bad-inputs.json").read_text(encoding="utf-8"))
CORPUS = [each["value"] for each in BAD["items"] if each["field_kind"] == "webhook_url"]
MORE = [
    "http://localhost/", "http://127.1/", "http://0/", "http://0x7f000001/", "http://0177.0.0.1/", "http://[::1]/",
    "http://[::]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://[2001::1]/", "http://[ff02::1]/", "http://10.0.0.1/", "http://100.100.100.200/", "http://169.254.169.254/",
    "http://172.16.0.1/", "http://192.0.0.1/", "http://198.18.0.1/", "http://224.0.0.1/", "http://255.255.255.255/",
    "http://user:secret@127.0.0.1/", "http://good.example@127.0.0.1/", "http://127.0.0.1\\@good.example/",
    "file:///etc/passwd", "ftp://127.0.0.1/", "//127.0.0.1/", "127.0.0.1", "", "http://①②⑦.0.0.1/", "https://[fec0::1]/",
    "https://good.example:22/", "https://good.example/ x", "https://good.example/\r\nX: 1", "https://%31%32%37.0.0.1/",
]  # fmt: skip
EVERY = [*CORPUS, *MORE]
CERTIFICATES = ssl.create_default_context()
GOOD = "198.51.100.7"
"""A public address as far as the rules are concerned: for documentation, nobody has it."""


class Names:
    """A resolver of ours: what each name answers, one answer after the other; the last one stays."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name.replace("_", "."): list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        waiting = self.answers.get(host)
        if waiting is None:
            return await rules.resolve(host, port)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


def every_mode(port: int = 443) -> list[Targets]:
    """Nothing listed; a name listed, with the schemes and ports that the corpus asks for; public addresses open."""
    named = parse_allowlist(f"good.example,http://good.example,http://good.example:{port},https://good.example:{port}")
    return [Targets(()), Targets(named), Targets((), is_open=True), Targets(named, is_open=True)]


async def connect(url: str, targets: Targets, names: Names) -> str:
    """Try to send; what came of it."""
    try:
        request = httpx2.Request("POST", url, content=b"{}")
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return "no address"
    try:
        answered = await asyncio.wait_for(exchange(request, targets, CERTIFICATES, look_up=names), 3)
    except Refused:
        return "refused"
    except (OSError, TimeoutError, httpx2.HTTPError) as error:
        return f"tried {type(error).__name__}"
    return f"answered {answered.status}"


async def canaries(stack: AsyncExitStack) -> list[Receiver]:
    """Listeners on loopback, in both families."""
    return [await stack.enter_async_context(receiving(host)) for host in ("127.0.0.1", "::1")]


@pytest.mark.parametrize("url", EVERY)
async def test_no_address_of_the_corpus_is_ever_connected_to(url: str) -> None:
    """As it is written, at the port of the canary where the address leaves it open."""
    async with AsyncExitStack() as stack:
        for canary in await canaries(stack):
            for port in ("", f":{canary.port}"):
                written = url.replace("127.0.0.1/", f"127.0.0.1{port}/").replace("[::1]/", f"[::1]{port}/")
                for targets in every_mode(canary.port):
                    if "good.example" in url and "@" not in url and "\\" not in url:
                        continue
                    assert await connect(written, targets, Names()) in ("refused", "no address")
            assert canary.connections == 0


INSIDE = [
    "127.0.0.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "0.0.0.0", "10.0.0.1", "100.100.100.200", "127.8.9.1",  # noqa: S104
    "169.254.169.254", "172.31.0.1", "192.0.0.8", "192.168.0.1", "198.19.0.1", "224.0.0.1", "255.255.255.255", "::",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::7f00:1", "fd00::1", "fe80::1", "fec0::1", "ff02::1",
    "::ffff:10.0.0.1", "::ffff:0:127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", [each for each in INSIDE if each != "::ffff:0:127.0.0.1"])
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    async with AsyncExitStack() as stack:
        for canary in await canaries(stack):
            for port in (443, canary.port):
                for targets in every_mode(canary.port):
                    for scheme in ("https", "http"):
                        for answers in ([address], [GOOD, address], [address, GOOD]):
                            url = f"{scheme}://good.example:{port}/"
                            assert await connect(url, targets, Names(good_example=[answers])) == "refused"
            assert canary.connections == 0


def always(answer: bytes, request: Request) -> list[bytes | float]:
    return [answer]


@pytest.mark.parametrize("address", INSIDE[:4])
async def test_a_redirect_leads_nowhere(address: str) -> None:
    """The receiver is listed with its network, and sends on to the canary."""
    async with AsyncExitStack() as stack:
        for canary in await canaries(stack):
            receiver = await stack.enter_async_context(receiving())
            literal = f"[{address}]" if ":" in address else address
            for status in (301, 302, 303, 307, 308):
                sent_on = reply(status, location=f"http://{literal}:{canary.port}/")
                receiver.answer = partial(always, sent_on)
                listed = Targets(parse_allowlist(f"http://127.0.0.1:{receiver.port}"), is_open=True)
                assert await connect(receiver.url, listed, Names()) == f"answered {status}"
            assert canary.connections == 0
            assert len(receiver.requests) == 5


@pytest.mark.parametrize("address", INSIDE[:4])
async def test_an_answer_that_changes_after_it_was_judged_changes_nothing(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: the second resolution, wherever it took place, would lead to the canary. There is none."""
    loop = asyncio.get_running_loop()
    looked: list[object] = []

    async def spy(host: str | bytes | None, *args: Any, **kwargs: Any) -> object:  # whatever asyncio passes on
        looked.append(host)
        text = host.decode() if isinstance(host, bytes) else str(host)
        ipaddress.ip_address(text)  # a name here would be a second resolution
        return await plain(host, *args, **kwargs)

    plain = loop.getaddrinfo
    async with AsyncExitStack() as stack:
        for canary in await canaries(stack):
            receiver = await stack.enter_async_context(receiving())
            listed = f"http://good.example:{receiver.port},http://127.0.0.2/32:{receiver.port}"
            names = Names(good_example=[["127.0.0.2"], [address]])
            monkeypatch.setattr(loop, "getaddrinfo", spy)
            outcome = await connect(f"http://good.example:{receiver.port}/", Targets(parse_allowlist(listed)), names)
            monkeypatch.setattr(loop, "getaddrinfo", plain)
            assert names.asked == ["good.example"]
            assert outcome.startswith("tried"), "127.0.0.2 is where nobody listens"
            assert canary.connections == receiver.connections == 0
            again = await connect(f"http://good.example:{receiver.port}/", Targets(parse_allowlist(listed)), names)
            assert again == "refused", "the next message is judged anew"
            assert canary.connections == receiver.connections == 0


async def test_the_name_stays_in_host_while_the_judged_address_is_connected_to() -> None:
    async with receiving() as receiver:
        listed = parse_allowlist(f"http://127.0.0.0/8:{receiver.port}")
        names = Names(hooks_gov_cn=[["127.0.0.1"]])
        assert await connect(f"http://hooks.gov.cn:{receiver.port}/x?y=1", Targets(listed), names) == "answered 204"
        [request] = receiver.requests
        assert request.headers["host"] == f"hooks.gov.cn:{receiver.port}"
        assert request.target == "/x?y=1"


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver, receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        listed = Targets(parse_allowlist(f"http://127.0.0.1:{receiver.port}"))
        assert await connect(receiver.url, listed, Names()) == "answered 204"
        assert (receiver.connections, proxy.connections) == (1, 0)


async def test_plain_http_and_other_ports_are_for_what_is_listed_so() -> None:
    names = Names(hooks_gov_cn=[[GOOD]])
    listed = Targets(parse_allowlist("hooks.gov.cn"), is_open=True)
    for url in ("http://hooks.gov.cn/", "https://hooks.gov.cn:8443/", "http://hooks.gov.cn:443/"):
        assert await connect(url, listed, names) == "refused"


def judge(targets: Targets, url: str, *addresses: str) -> bool:
    try:
        targets.require(targets.place(url), addresses)
    except Refused:
        return False
    return True


def test_a_listed_name_reaches_public_addresses_and_those_of_listed_networks() -> None:
    name = Targets(parse_allowlist("hooks.gov.cn"))
    both = Targets(parse_allowlist("hooks.gov.cn, 10.1.0.0/16"))
    assert judge(name, "https://hooks.gov.cn/", GOOD)
    assert judge(name, "https://HOOKS.gov.cn./", GOOD)
    assert not judge(name, "https://hooks.gov.cn/", "10.1.2.3")
    assert judge(both, "https://hooks.gov.cn/", "10.1.2.3")
    assert judge(both, "https://hooks.gov.cn/", "::ffff:10.1.2.3"), "an IPv4 address written as IPv6 is that address"
    assert not judge(both, "https://hooks.gov.cn/", "10.1.2.3", "10.2.0.1")
    assert not judge(name, "https://other.gov.cn/", GOOD)
    assert not judge(name, "https://xhooks.gov.cn/", GOOD)


def test_open_mode_reaches_public_addresses_by_https_alone() -> None:
    targets = Targets((), is_open=True)
    assert judge(targets, "https://anywhere.example/", GOOD)
    assert judge(targets, "https://anywhere.example/", "2400:3200::1")
    assert not judge(targets, "http://anywhere.example/", GOOD)
    assert not judge(targets, "https://anywhere.example/")
    assert not judge(targets, "https://anywhere.example/", "not an address")


@pytest.mark.parametrize(
    "text", ["hooks.gov.cn/path", "1.2.3", "10.0.0.0/33", "ftp://x", "x:0", "x:70000", "a b", "-x.cn"]
)
def test_a_list_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no host, address or network"):
        parse_allowlist(f"good.example,{text}")


# --- the tests above fail where a rule is taken out


@pytest.mark.parametrize("taken_out", ["deny table", "every answer", "judged before connecting", "mapped addresses"])
async def test_without_one_of_the_rules_the_canary_is_reached(taken_out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as canary:
        named = Targets(parse_allowlist(f"http://good.example:{canary.port}"))
        url, answers = f"http://good.example:{canary.port}/", ["127.0.0.1"]
        match taken_out:
            case "deny table":
                monkeypatch.setattr(rules, "DENIED", ())
            case "every answer":
                answers = ["127.0.0.1", GOOD]

                def one(self: Targets, place: rules.Place, addresses: Sequence[str]) -> object:
                    if not self._allows(place, ipaddress.ip_address(addresses[-1])):
                        raise Refused("no")
                    return ipaddress.ip_address(addresses[0])

                monkeypatch.setattr(Targets, "require", one)
            case "judged before connecting":
                monkeypatch.setattr(Targets, "_allows", lambda self, place, address: True)
            case "mapped addresses":
                answers = ["::ffff:127.0.0.1"]
                monkeypatch.setattr(rules, "judged", lambda address: address)
        assert await connect(url, named, Names(good_example=[answers])) == "answered 204"
        assert canary.connections == 1
