"""Each route says who may use it, or the service does not start: deny by default."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, Literal, Protocol, TypeVar

from starlette.routing import BaseRoute, Mount, Route

from app.access.roles import Action

__all__ = ["PUBLIC", "UndeclaredRoute", "check_routes", "needs", "policies", "policy_of", "public"]

PUBLIC: Final = "public"
Policy = Action | Literal["public"]

MARK = "shixian_policy"
Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


class UndeclaredRoute(RuntimeError):
    """A route that says neither which action it is nor that it is public."""


class HasRoutes(Protocol):
    """An application or a router."""

    @property
    def routes(self) -> Sequence[BaseRoute]: ...


def needs(action: Action) -> Callable[[Endpoint], Endpoint]:
    """Declare what an endpoint does; `actor.identify` refuses a role that may not. Stands below the route decorator."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, MARK, action)
        return endpoint

    return mark


def public(endpoint: Endpoint) -> Endpoint:
    """Declare that an endpoint needs no credential."""
    setattr(endpoint, MARK, PUBLIC)
    return endpoint


def policy_of(endpoint: object) -> Policy | None:
    """What `needs` or `public` said of an endpoint; None when neither did."""
    return getattr(endpoint, MARK, None)


def declared_by(route: Route) -> Policy | None:
    """What the route's endpoint says, or else one of its own dependencies (`actor.allowed`)."""
    said = policy_of(route.endpoint)
    if said is not None:
        return said
    dependencies = getattr(getattr(route, "dependant", None), "dependencies", ())
    return next((policy for d in dependencies if (policy := policy_of(d.call)) is not None), None)


def policies(app: HasRoutes, *, exempt: Collection[str] = ()) -> dict[tuple[str, str], Policy]:
    """The policy of each method and path, `("GET", "/api/v1/items")`; raises where one is missing.

    `exempt` names paths of mounts and of routes that a library brings (the pages of the docs); they are public.
    """
    found: dict[tuple[str, str], Policy] = {}
    missing: list[str] = []
    for path, methods, said in reachable(app.routes):
        policy = PUBLIC if path in exempt else said
        if policy is None:
            missing.append(f"{','.join(sorted(methods)) or 'ANY'} {path}")
            continue
        found.update({(method, path): policy for method in methods or {"ANY"}})
    if missing:
        raise UndeclaredRoute(f"no policy declared (access.policy.needs or .public) for: {'; '.join(missing)}")
    return found


def check_routes(app: HasRoutes, *, exempt: Collection[str] = ()) -> None:
    """Raise `UndeclaredRoute` when a route has no policy."""
    policies(app, exempt=exempt)


def reachable(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, set[str], Policy | None]]:
    """Every path with its methods and what it declares. An unknown kind of route is refused, never passed over."""
    for route in routes:
        if isinstance(route, Route):
            yield prefix + route.path, set(route.methods or ()), declared_by(route)
        elif isinstance(route, Mount):
            yield prefix + route.path, set(), None
        elif (included := getattr(route, "original_router", None)) is not None:  # what FastAPI keeps of include_router
            context = getattr(route, "include_context", None)
            yield from reachable(included.routes, prefix + getattr(context, "prefix", ""))
        else:
            raise UndeclaredRoute(f"a route of an unknown kind: {type(route).__name__}")
