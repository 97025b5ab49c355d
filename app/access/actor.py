"""Who asks: a request to its actor, or 401; and whether the role may, or 403."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from fastapi import Request

from app.access import audit
from app.access.keys import Proved, fits, id_of, kept_keys
from app.access.policy import UndeclaredRoute, needs, policy_of
from app.access.queries import key_by_id, live_security_key_exists
from app.access.roles import EVERY, SCOPED, Action, Held, Role, may, may_record
from app.domain.steps import StepType
from app.kit.middleware import request_id_of
from app.kit.problems import Problem
from app.kit.service import Service, service_of

__all__ = ["ADMIN_KEY", "Actor", "actor_with", "allowed", "identify", "require"]

ADMIN_KEY: Final = "admin_key"
"""The credential of the key fixed from outside, in the audit trail."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, with what right, on whose cases."""

    credential: str
    role: Held
    department: str | None = None
    name: str = ""
    steps: frozenset[StepType] | None = None
    request_id: str | None = None

    @property
    def is_scoped(self) -> bool:
        """Whether only the cases of a department are theirs; an integration is scoped when its key names one."""
        return self.role in SCOPED or (self.role is Role.INTEGRATION and self.department is not None)

    def may(self, action: Action) -> bool:
        """Whether the role may do `action`."""
        return may(self.role, action)

    def may_record(self, type: StepType) -> bool:  # noqa: A002
        """Whether this credential may record a step of `type`."""
        return may_record(self.role, type, self.steps)


def refused(code: str) -> Problem:
    """401 in one wording, whatever was wrong: what a stranger learns is that he needs a credential."""
    return Problem(
        401,
        code,
        "A valid credential is needed in the header X-API-Key.",
        headers={"WWW-Authenticate": 'ApiKey realm="shixian"'},
    )


async def identify(request: Request) -> Actor:
    """The actor of a request. 401 without a valid credential, 403 when the role may not do what the route declares.

    Needs no `Depends`; a key that was used in the last 30 s needs no database.
    """
    texts = [value for name, value in request.scope["headers"] if name == b"x-api-key"]
    if not texts:
        raise refused("credential_missing")
    if len(texts) > 1:
        raise refused("credential_invalid")
    actor = await actor_with(request, texts[0])
    if actor is None:
        raise refused("credential_invalid")
    endpoint = request.scope.get("endpoint")
    declared = policy_of(endpoint)
    if isinstance(declared, Action):
        require(actor, declared)
    elif endpoint is None:  # a way to an endpoint that does not say which: nobody may pass unseen
        raise UndeclaredRoute("a request came to `identify` without its endpoint in the scope")
    return actor


async def actor_with(request: Request, key: bytes) -> Actor | None:
    """Whose key `key` is, as a header or a page's session gave it; None when it is no key that may be used now."""
    service = service_of(request)
    digest = sha256(key).digest()
    if is_admin_key(service, digest):
        return await of_admin_key(service, request)
    known = await kept_keys.of(service.db, digest, lambda: proved(service, key))
    if known is None or (known.expires_at is not None and service.now.now() >= known.expires_at):
        return None
    return Actor(known.credential, known.role, known.department, known.name, known.steps, request_id_of(request))


def require(actor: Actor, action: Action) -> None:
    """403 when the actor's role may not do `action`."""
    if not actor.may(action):
        raise Problem(403, "role_not_allowed", f"Role `{actor.role}` may not do this ({action}).")


def allowed(action: Action) -> Callable[[Request], Awaitable[Actor]]:
    """A dependency that gives the actor and refuses a role that may not do `action`; it declares the policy, too."""

    async def actor_who_may(request: Request) -> Actor:
        actor = await identify(request)
        require(actor, action)
        return actor

    return needs(action)(actor_who_may)


async def proved(service: Service, key: bytes) -> Proved | None:
    """What a text proves to be: a stored key that is neither revoked nor expired, or nothing."""
    text = key.decode("latin-1")
    id = id_of(text)  # noqa: A001
    if id is None:
        return None
    async with service.db.read() as tx:
        row = await key_by_id(tx, id)
    if row is None or not fits(row, text, service.now.now()):
        return None
    steps = None if row.steps is None else frozenset(StepType(step) for step in row.steps)
    return Proved(f"key:{id}", Role(row.role), row.department, row.name, steps, row.expires_at)


def is_admin_key(service: Service, digest: bytes) -> bool:
    """Whether the text with this digest is SHIXIAN_ADMIN_KEY."""
    fixed = service.settings.admin_key
    return fixed is not None and compare_digest(digest, sha256(fixed.get_secret_value().encode()).digest())


async def of_admin_key(service: Service, request: Request) -> Actor | None:
    """The actor of SHIXIAN_ADMIN_KEY, which holds every role; each use leaves a line in the audit trail.

    In production it is for the first start: it ends with the first key of role `security`, unless the operator says
    otherwise.
    """
    settings, now = service.settings, service.now.now()
    actor = Actor(ADMIN_KEY, EVERY, request_id=request_id_of(request))
    async with service.db.transaction() as tx:
        if settings.mode == "production" and not settings.admin_key_always and await live_security_key_exists(tx, now):
            return None
        await audit.record(tx, actor, "use_admin_key", f"{request.method} {route_of(request)}", at=now)
    return actor


def route_of(request: Request) -> str:
    """The path as it is declared, `/api/v1/items/{code}`: what was filled in may be anything."""
    return str(getattr(request.scope.get("route"), "path", ""))
