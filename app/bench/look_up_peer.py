"""The peer of P1: the look-up as most services of this kind are written, FastAPI with a synchronous ORM in threads.

It reads the same row by its key and answers the same document, checked by a response model; it works nothing out.
"""

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import create_engine, make_url
from sqlalchemy.orm import Session, sessionmaker

from app.applications.models import PublicView
from app.lookup.schemas import PublicApplicationOut

__all__ = ["DRIVER", "peer"]

DRIVER: Final = "psycopg" if importlib.util.find_spec("psycopg") is not None else None
"""What a synchronous service would use; the product does not, so it may be missing."""


def peer() -> FastAPI:
    """The peer of the environment."""
    connections = int(os.environ["BENCH_CONNECTIONS"])
    url = make_url(os.environ["BENCH_DATABASE_URL"]).set(drivername=f"postgresql+{DRIVER}")
    engine = create_engine(url, pool_size=connections, max_overflow=0)
    sessions = sessionmaker(engine)
    answers = json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text())
    documents = {number: PublicApplicationOut.model_validate_json(body) for number, body in answers.items()}
    app = FastAPI()

    def session() -> Iterator[Session]:
        with sessions() as opened:
            yield opened

    @app.get("/api/v1/public/applications/{number}")
    def look_up(number: str, db: Annotated[Session, Depends(session)]) -> PublicApplicationOut:
        row = db.get(PublicView, number)
        if row is None or not row.sealed:
            raise HTTPException(404)
        return documents[number]

    return app
