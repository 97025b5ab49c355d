"""P1: the public look-up, against its floor and against a plain service, on the same rows with the same answers."""

import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from app.bench import look_up_peer
from app.bench.load import Order
from app.bench.measure import Figure, Goal, Rate, Result, in_turns, microseconds, of_the_processor, on_the_wall, ratio
from app.bench.servers import Served, ask, rate_of, request_text, serving
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
        answers = {number: ask(product.port, PATH + number) for number in numbers}
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
        sides = {
            "product": product,
            "floor": stack.enter_context(serving("app.bench.look_up_floor:floor", given)),
        }
        if look_up_peer.DRIVER is not None:
            sides["peer"] = stack.enter_context(serving("app.bench.look_up_peer:peer", given))

        def load(served: Served, asked: list[str]) -> Callable[[], Rate]:
            order = Order(
                port=served.port,
                requests=asked,
                connections=plan.connections,
                seconds=plan.seconds,
                warm=plan.seconds / 5,
            )

            return lambda: rate_of(served, order, "200")

        found = in_turns({name: load(served, requests) for name, served in sides.items()}, plan.rounds)
        hot = in_turns(
            {name: load(served, requests[:HOT]) for name, served in sides.items() if name != "peer"}, plan.rounds
        )
    share = ratio("share of the floor", on_the_wall(found["product"]), on_the_wall(found["floor"]))
    again = "the same few numbers"
    figures = [
        share,
        ratio(f"share of the floor, {again}", on_the_wall(hot["product"]), on_the_wall(hot["floor"])),
        ratio(f"{share.name}, by processor", of_the_processor(found["product"]), of_the_processor(found["floor"])),
        ratio(f"{share.name}, by processor, {again}", of_the_processor(hot["product"]), of_the_processor(hot["floor"])),
        Figure(name="look-ups", unit="/s", values=on_the_wall(found["product"])),
        Figure(name=f"look-ups, {again}", unit="/s", values=on_the_wall(hot["product"])),
        Figure(name="floor", unit="/s", values=on_the_wall(found["floor"])),
        microseconds("processor for a look-up", found["product"]),
        microseconds(f"processor for a look-up, {again}", hot["product"]),
        microseconds("processor for an answer of the floor", found["floor"]),
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
        times = ratio("times the peer", on_the_wall(found["product"]), on_the_wall(found["peer"]), "×")
        figures += [
            times,
            Figure(name="peer", unit="/s", values=on_the_wall(found["peer"])),
            microseconds("processor for an answer of the peer", found["peer"]),
        ]
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
