"""The other side of P2: a FastAPI route that asks no database."""

from fastapi import FastAPI

__all__ = ["floor"]


def floor() -> FastAPI:
    """One route, as the tutorial has it."""
    app = FastAPI()

    @app.get("/ping")
    async def ping() -> dict[str, str]:
        return {"status": "ok"}

    return app
