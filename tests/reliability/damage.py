"""Known-bad builds, and damage done past the triggers: what the oracle and `shixian verify` must find."""

import asyncio
import re
import sqlite3
from contextlib import closing

import asyncpg

__all__ = ["drop_alarm_key", "flip_a_byte"]


def drop_alarm_key(url: str) -> None:
    """Take the unique key from table `alarms`."""
    if url.startswith("postgresql"):
        asyncio.run(run_postgresql(url, "ALTER TABLE alarms DROP CONSTRAINT pk_alarms"))
        return
    with closing(connect(url)) as database:
        made = database.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'alarms'").fetchone()[0]
        others = database.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'alarms' AND sql IS NOT NULL"
        ).fetchall()
        without, times = re.subn(r",\s*CONSTRAINT pk_alarms PRIMARY KEY \([^)]*\)", "", made)
        assert times == 1, made
        database.executescript(f"BEGIN; DROP TABLE alarms; {without}; {'; '.join(sql for (sql,) in others)}; COMMIT;")


def flip_a_byte(url: str, number: str, seq: int) -> None:
    """Change one byte in the body of one event, as somebody with the database's password could."""
    if url.startswith("postgresql"):
        asyncio.run(
            run_postgresql(
                url,
                "SET session_replication_role = replica",
                "UPDATE events SET body = set_byte(body, 5, get_byte(body, 5) # 1) "
                f"WHERE number = '{number}' AND seq = {seq}",
            )
        )
        return
    with closing(connect(url)) as database:
        (body,) = database.execute("SELECT body FROM events WHERE number = ? AND seq = ?", (number, seq)).fetchone()
        changed = body[:5] + bytes([body[5] ^ 1]) + body[6:]
        database.execute("DROP TRIGGER events_no_update")
        database.execute("UPDATE events SET body = ? WHERE number = ? AND seq = ?", (changed, number, seq))
        database.commit()


def connect(url: str) -> sqlite3.Connection:
    return sqlite3.connect(url.removeprefix("sqlite:///"))


async def run_postgresql(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
