"""A checkpoint goes out of reach of who holds the database: a line of JSON in a file, or text to be printed."""

import asyncio
import fcntl
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from app.kit.service import Service
from app.proof import queries
from app.proof.queries import Stored

__all__ = ["Line", "append", "export", "last_in", "line_of", "printed", "spelled"]

log = structlog.get_logger("shixian.proof")

Line = dict[str, str | int]
AT_ONCE: Final = 1_000
TAIL: Final = 65_536
"""Bytes read at the end of a file to find its last line."""


def line_of(record: Stored) -> Line:
    """A checkpoint as it leaves the house. `record` is the exact text that was hashed and signed."""
    return {
        "n": record.n,
        "record": record.body.decode(),
        "hash": record.hash.hex(),
        "key": record.key,
        "public_key": record.public_key.hex(),
        "signature": record.signature.hex(),
    }


def spelled(record: Stored) -> str:
    """The line of a file."""
    return json.dumps(line_of(record), ensure_ascii=False, separators=(",", ":")) + "\n"


async def export(service: Service) -> int:
    """Append to the file of the settings what it has not got yet; how many lines.

    What could not be written once is written the next time: a disk that is full delays a proof and stops nothing.
    """
    if service.settings.checkpoint_file is None:
        return 0
    path, written = Path(service.settings.checkpoint_file), 0
    try:
        have = await asyncio.to_thread(last_in, path)
        while True:
            async with service.db.read() as tx:
                records = await queries.records_after(tx, have, AT_ONCE)
            if not records:
                return written
            have = await asyncio.to_thread(append, path, records)
            written += len(records)
    except (OSError, ValueError) as error:
        log.error("checkpoint_not_exported", file=str(path), reason=str(error))
        return written


def append(path: Path, records: list[Stored]) -> int:
    """Append the records that the file has not got, one writer at a time; the number of its last one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        have = last_in(path)
        file.write("".join(spelled(record) for record in records if record.n > have).encode())
        file.flush()
        os.fsync(file.fileno())
    return max(have, records[-1].n)


def last_in(path: Path) -> int:
    """The number of the last checkpoint in a file; 0 where there is none. A torn last line raises ValueError."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - TAIL))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return 0
    if not lines:
        return 0
    n = json.loads(lines[-1])["n"]
    if not isinstance(n, int):
        raise ValueError("the last line of the file names no checkpoint")
    return n


def printed(record: Stored, zone: str) -> str:
    """The page to be printed, signed by hand and kept by somebody else: 64 digits say all."""
    said = json.loads(record.body)
    at = datetime.fromisoformat(said["at"]).astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
    return "\n".join(
        [
            f"时限 检查点 / checkpoint  {record.n}",
            "",
            f"  时间 / taken at        {at}",
            f"  类型 / kind            {record.kind}",
            f"  办件 / applications    {said['applications']}",
            f"  记录 / events          {said['events']}",
            f"  签名密钥 / key         {record.key}",
            "",
            "  哈希值 / hash",
            *(f"    {part}" for part in in_groups(record.hash.hex())),
            "",
            "  保管人 / kept by ______________________    日期 / date ______________",
            "",
        ]
    )


def in_groups(digits: str) -> list[str]:
    """64 digits in four rows of four groups, as they are read aloud."""
    groups = [digits[place : place + 4] for place in range(0, len(digits), 4)]
    return [" ".join(groups[place : place + 4]) for place in range(0, len(groups), 4)]
