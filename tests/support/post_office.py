"""A mail server of ours on loopback: takes mails, or refuses them, as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

__all__ = ["PostOffice", "receiving_mail"]


@dataclass
class PostOffice:
    """What was handed in: the envelope's receivers and the mail."""

    port: int = 0
    refuses: bool = False
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)


async def converse(office: PostOffice, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As much of RFC 5321 as a client needs."""
    to: list[str] = []
    writer.write(b"220 test\r\n")
    while line := await reader.readline():
        word = line.strip().upper()
        if word.startswith(b"RCPT"):
            to.append(line.decode().split("<")[1].split(">")[0])
        if word == b"DATA" and not office.refuses:
            writer.write(b"354 go\r\n")
            raw = b""
            while not raw.endswith(b"\r\n.\r\n"):
                raw += await reader.readline()
            mail = message_from_bytes(raw[:-5], policy=policy.default)
            assert isinstance(mail, EmailMessage)
            office.mails.append((to, mail))
            to = []
        if word == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        writer.write(b"451 later\r\n" if office.refuses and word.startswith(b"MAIL") else b"250 ok\r\n")
    await writer.drain()
    writer.close()


@asynccontextmanager
async def receiving_mail() -> AsyncIterator[PostOffice]:
    """A mail server while the block runs."""
    office = PostOffice()
    server = await asyncio.start_server(lambda r, w: converse(office, r, w), "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
