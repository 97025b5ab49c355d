"""What a measurement is given: the plan, an office, the service on it, and how its servers are started."""

from dataclasses import dataclass

from app.access.keys import KeyOrder, create_key
from app.access.roles import Role
from app.bench.office import Office
from app.kit.service import Service
from app.kit.settings import Settings

__all__ = ["PRODUCT", "Plan", "Trial", "new_key"]

PRODUCT = "app.main:application_alone"
"""The product as `shixian serve --no-scheduler` runs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, how often and how long."""

    only: tuple[str, ...]
    sizes: tuple[int, ...] = (100_000,)
    rounds: int = 5
    seconds: float = 2.0
    connections: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One office under measurement."""

    plan: Plan
    settings: Settings
    service: Service
    address: str
    """The office's database, for the driver."""
    office: Office

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the office, for a server of its own; the rest as an operator gets it."""
        settings = self.settings
        assert settings.secret_key is not None  # noqa: S101
        return {
            "SHIXIAN_MODE": settings.mode,
            "SHIXIAN_DATABASE_URL": settings.database_url,
            "SHIXIAN_SECRET_KEY": settings.secret_key.get_secret_value(),
            "SHIXIAN_POOL_SIZE": str(settings.pool_size),
            "SHIXIAN_LOOKUP_LIMIT_PER_MINUTE": str(settings.lookup_limit_per_minute),
            "SHIXIAN_LOOKUP_LIMIT_TOTAL_PER_MINUTE": str(settings.lookup_limit_total_per_minute),
        }


async def new_key(trial: Trial, role: Role, department: str | None = None) -> str:
    """The text of a new key."""
    service = trial.service
    async with service.db.transaction() as tx:
        order = KeyOrder(role=role, name=f"bench {role}", department=department)
        return (await create_key(tx, order, now=service.now.now())).text
