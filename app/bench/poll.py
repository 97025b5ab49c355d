"""P2: a poll of the overdue list in which nothing has changed, against a FastAPI route without a database."""

from collections.abc import Callable

from app.access.roles import Role
from app.bench.load import Order
from app.bench.measure import Figure, Goal, Rate, Result, in_turns, microseconds, of_the_processor, on_the_wall, ratio
from app.bench.servers import Served, ask, rate_of, request_text, serving
from app.bench.trial import PRODUCT, Trial, new_key

__all__ = ["measure"]

PATH = "/api/v1/overdue"


async def measure(trial: Trial) -> Result:
    """Sixteen dashboards of one supervisor poll the first page as fast as they are answered."""
    return measure_with(trial, await new_key(trial, Role.SUPERVISOR))


def measure_with(trial: Trial, key: str) -> Result:
    """Each side in turns."""
    plan = trial.plan
    with (
        serving(PRODUCT, trial.environment) as product,
        serving("app.bench.poll_floor:floor", {}) as floor,
    ):
        first = ask(product.port, PATH, {"X-API-Key": key})
        if first.status != 200:
            raise RuntimeError(f"the list was answered with {first.status}")
        polled = request_text("GET", PATH, {"X-API-Key": key, "If-None-Match": first.headers["etag"]})

        def load(served: Served, request: str, status: str) -> Callable[[], Rate]:
            order = Order(
                port=served.port,
                requests=[request] * plan.connections,
                connections=plan.connections,
                seconds=plan.seconds,
                warm=plan.seconds / 5,
            )

            return lambda: rate_of(served, order, status)

        sides = {
            "product": load(product, polled, "304"),
            "floor": load(floor, request_text("GET", "/ping"), "200"),
        }
        found = in_turns(sides, plan.rounds)
    share = ratio("share of a route without a database", on_the_wall(found["product"]), on_the_wall(found["floor"]))
    return Result(
        code="P2",
        what="overdue poll, nothing changed (304)",
        size=trial.office.size,
        figures=(
            share,
            ratio(f"{share.name}, by processor", of_the_processor(found["product"]), of_the_processor(found["floor"])),
            Figure(name="polls", unit="/s", values=on_the_wall(found["product"])),
            Figure(name="route without a database", unit="/s", values=on_the_wall(found["floor"])),
            microseconds("processor for a poll", found["product"]),
            microseconds("processor for an answer without a database", found["floor"]),
        ),
        goals=(Goal(share.name, "at least", 80),),
        notes=(
            (
                f"{trial.office.overdue:,} of {trial.office.size:,} open applications overdue; every poll answered "
                "304, the page of 50 read anew once a second. The other side: `async def` without parameters that "
                "gives a small dict, on the same uvicorn; it knows no key, writes no log and sets no security headers."
            ),
        ),
    )
