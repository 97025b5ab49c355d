"""Write units of telling people: webhooks, feeds, channels, and the sender's bookkeeping."""

from datetime import timedelta

from app.cli.channels import load_file
from app.outbox.deliver import LEASE, Courier, Outcome
from app.outbox.queries import Claimed, SubscriberRow
from tests.contract.assault import BODIES
from tests.reliability.stage import Stage, Unit
from tests.reliability.units_rules import gone, sends

__all__ = ["TELLING"]

HOOKS = "/api/v1/webhooks"
HOOK = "/api/v1/webhooks/{webhook}"
DELIVER = ("app/outbox/deliver.py:Courier.deliver", "app/outbox/deliver.py:Courier._write")
CHANNELS = "channels:\n  - {name: one, mail: [a@example.cn], department: D1}\n  - {name: two, mail: [b@example.cn]}\n"


async def make_hook(stage: Stage) -> None:
    made = await stage.done("POST", HOOKS, {"url": "https://192.0.2.9/hook", "name": "y"}, "admin")
    stage.memory["webhook"] = made["id"]


async def make_feed(stage: Stage) -> None:
    stage.memory["feed"] = (await stage.done("POST", "/api/v1/feeds", BODIES["POST /api/v1/feeds"]))["id"]


async def with_officer(stage: Stage) -> None:
    sections = [{"code": "s", "name": "科", "officers": [{"code": "zhang", "name": "张三"}]}]
    await stage.done("PUT", "/api/v1/departments/D1", {"name": "测试局", "sections": sections}, "admin")


async def dead_letter(stage: Stage) -> None:
    """A webhook with one message that nobody took until it was given up."""
    await make_hook(stage)
    await stage.done("POST", f"{HOOKS}/{stage.memory['webhook']}/ping", None, "admin")

    async def refuse(_to: SubscriberRow, _one: Claimed, _at: object) -> Outcome:
        return Outcome(False, 500)

    courier = Courier(stage.service, refuse, chance=lambda: 0.0)
    for _ in range(11):
        await courier.deliver(stage.memory["webhook"])
        stage.hands.advance(timedelta(hours=25))


async def something_to_tell(stage: Stage) -> None:
    await make_hook(stage)
    for _ in range(2):
        await stage.done("POST", f"{HOOKS}/{stage.memory['webhook']}/ping", None, "admin")


async def deliver(stage: Stage) -> None:
    async def take(_to: SubscriberRow, _one: Claimed, _at: object) -> Outcome:
        return Outcome(True, 204)

    await Courier(stage.service, take, chance=lambda: 0.0).deliver(stage.memory["webhook"])


async def deliver_to_one_who_left(stage: Stage) -> None:
    async def leave(_to: SubscriberRow, _one: Claimed, _at: object) -> Outcome:
        return Outcome(False, 410, gone=True)

    await Courier(stage.service, leave, chance=lambda: 0.0).deliver(stage.memory["webhook"])


async def load_channels(stage: Stage) -> None:
    assert await load_file(stage.settings, CHANNELS) == (2, 0)


TELLING = [
    Unit(
        "webhook",
        sends("POST", HOOKS, BODIES[f"POST {HOOKS}"], "admin", key="webhook"),
        route=f"POST {HOOKS}",
        takes_key=True,
    ),
    Unit(
        "change of a webhook",
        sends("PATCH", HOOK, {"name": "z"}, "admin"),
        route=f"PATCH {HOOK}",
        prepare=make_hook,
        after_again=frozenset({"audit_entries"}),
    ),
    Unit(
        "ping",
        sends("POST", f"{HOOK}/ping", None, "admin", key="ping"),
        route=f"POST {HOOK}/ping",
        prepare=make_hook,
        takes_key=True,
    ),
    Unit(
        "new secret",
        sends("POST", f"{HOOK}/secret", None, "admin", key="secret"),
        route=f"POST {HOOK}/secret",
        prepare=make_hook,
        takes_key=True,
    ),
    Unit(
        "end of a webhook",
        sends("DELETE", HOOK, None, "admin"),
        route=f"DELETE {HOOK}",
        prepare=make_hook,
        again=gone(HOOK, "admin"),
    ),
    Unit(
        "replay of dead letters",
        sends("POST", f"{HOOK}/replay", {}, "admin", key="replay"),
        route=f"POST {HOOK}/replay",
        prepare=dead_letter,
        takes_key=True,
    ),
    Unit(
        "delivery",
        deliver,
        sites=DELIVER,
        prepare=something_to_tell,
        in_steps="claimed, sent outside of any transaction, then noted: sent again where the note is missing",
        patience=LEASE,
    ),
    Unit(
        "delivery to one who wants no more",
        deliver_to_one_who_left,
        sites=DELIVER,
        prepare=something_to_tell,
        in_steps="as above; the note and the end of the subscription are one",
        patience=LEASE,
    ),
    Unit(
        "channels by command",
        load_channels,
        sites=("app/kit/service.py:open_service", "app/cli/channels.py:load_file"),
        after_again=frozenset({"audit_entries"}),
    ),
    Unit(
        "feed",
        sends("POST", "/api/v1/feeds", BODIES["POST /api/v1/feeds"], "head", key="feed"),
        route="POST /api/v1/feeds",
        prepare=with_officer,
        takes_key=True,
    ),
    Unit(
        "end of a feed",
        sends("DELETE", "/api/v1/feeds/{feed}", None, "head"),
        route="DELETE /api/v1/feeds/{feed}",
        prepare=make_feed,
        again=gone("/api/v1/feeds/{feed}", "head"),
    ),
]
