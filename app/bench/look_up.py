"""P1: the public look-up, against its floor and against a plain service, on the same rows with the same answers."""

import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from app.bench import look_up_peer
from app.bench.load import Order, offer
from app.bench.measure import Figure, Goal, Result, in_turns, ratio
from app.bench.servers import ask, request_text, serving
from app.bench.trial import PRODUCT, Trial
from app.lookup.look_up import MOST_SPELLED

__all__ = ["measure"]

PATH = "/api/v1/public/applications/"
SPREAD = 10_000
"""Numbers asked for in turn: more than the product keeps spelled answers for, so that each is worked out anew."""
HOT = 500
"""Numbers asked for again and again: those of which everybody speaks."""


def measure(trial: Trial) -> Result:
    """Numbers by chance, and the same few again and again; each side in turns."""
    plan = trial.plan
    numbers = trial.office.numbers[:SPREAD]
    requests = [request_text("GET", PATH + number) for number in numbers]
    with ExitStack() as stack:
        product = stack.enter_context(serving(PRODUCT, trial.environment))
        answers = {number: ask(product, PATH + number) for number in numbers}
        wrong = [number for number, answer in answers.items() if answer.status != 200]
        if wrong:
            raise RuntimeError(f"{len(wrong)} of {len(numbers)} look-ups were not answered with 200")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        known = folder / "answers.json"
        known.write_text(json.dumps({number: answer.body.decode() for number, answer in answers.items()}))
        given = {
            "BENCH_DATABASE_URL": trial.address,
            "BENCH_ANSWERS": str(known),
            "BENCH_CONNECTIONS": str(plan.connections),
        }
        ports = {
            "product": product,
            "floor": stack.enter_context(serving("app.bench.look_up_floor:floor", given)),
        }
        if look_up_peer.DRIVER is not None:
            ports["peer"] = stack.enter_context(serving("app.bench.look_up_peer:peer", given))

        def load(port: int, asked: list[str]) -> Callable[[], float]:
            order = Order(
                port=port, requests=asked, connections=plan.connections, seconds=plan.seconds, warm=plan.seconds / 5
            )

            def run() -> float:
                tally = offer(order)
                if set(tally.statuses) != {"200"}:
                    raise RuntimeError(f"look-ups were answered with {tally.statuses}")
                return tally.rate

            return run

        found = in_turns({name: load(port, requests) for name, port in ports.items()}, plan.rounds)
        hot = in_turns(
            {name: load(port, requests[:HOT]) for name, port in ports.items() if name != "peer"}, plan.rounds
        )
    share = ratio("share of the floor", found["product"], found["floor"])
    figures = [
        share,
        Figure(name="look-ups", unit="/s", values=tuple(found["product"])),
        Figure(name="floor", unit="/s", values=tuple(found["floor"])),
        ratio("share of the floor, the same few numbers", hot["product"], hot["floor"]),
        Figure(name="look-ups of the same few numbers", unit="/s", values=tuple(hot["product"])),
    ]
    goals = [Goal(share.name, "at least", 60)]
    sizes = sorted(len(answer.body) for answer in answers.values())
    notes = [
        (
            f"{len(numbers):,} numbers in turn, more than the {MOST_SPELLED:,} of which the product keeps the spelled "
            "answer: each answer is unsealed, reckoned and written anew. The same few numbers: "
            f"{min(HOT, len(numbers))}, where the row is read each time and the spelled answer used again."
        ),
        (
            "The floor reads the same sealed row and sends the product's own bytes for it (median "
            f"{sizes[len(sizes) // 2]:,} bytes) without opening, reckoning or writing anything; it has no limiter, "
            "log, figures or security headers."
        ),
    ]
    if "peer" in found:
        times = ratio("times the peer", found["product"], found["peer"], "×")
        figures += [times, Figure(name="peer", unit="/s", values=tuple(found["peer"]))]
        goals.append(Goal(times.name, "at least", 4))
        notes.append(
            f"The peer: a synchronous FastAPI route with a session dependency, one ORM object by its key "
            f"({look_up_peer.DRIVER}), and a response model; it computes no date."
        )
    else:
        notes.append("The peer was left out: psycopg, its synchronous driver, is not installed.")
    return Result(
        code="P1",
        what="public look-up",
        size=trial.office.size,
        figures=tuple(figures),
        goals=tuple(goals),
        notes=tuple(notes),
    )
