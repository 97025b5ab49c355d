"""E-mail by SMTP: one message for one mailbox list; the library of Python speaks it, in a thread of its own."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from app.kit.settings import Settings
from app.outbox.deliver import Outcome
from app.outbox.wording import words_of

__all__ = ["compose", "send_mail"]

SECONDS: Final = 20.0
_POSTMEN = ThreadPoolExecutor(4, thread_name_prefix="mail")


def compose(sender: str, to: list[str], message: str, body: bytes, at: datetime) -> EmailMessage:
    """The mail: the library refuses a line break in any header, and folds and encodes what is not ASCII.

    `Message-ID` follows from the message, so that a mailbox knows a duplicate.
    """
    words = words_of(body)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = words.title
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message}@{sender.rpartition('@')[2].rstrip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(words.text + "\n")
    return mail


def hand_over(settings: Settings, certificates: ssl.SSLContext, mail: EmailMessage) -> None:
    """Give a mail to the server of the settings: `smtps://` by TLS from the start, `smtp://` by STARTTLS.

    A password is never said in the clear; `smtp+plain://` is for a server on this machine or behind a closed wire.
    """
    address = urlsplit(settings.smtp_url.get_secret_value() if settings.smtp_url is not None else "")
    host = address.hostname or ""
    if address.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, address.port or 465, timeout=SECONDS, context=certificates)
    else:
        server = smtplib.SMTP(host, address.port or (587 if address.scheme == "smtp" else 25), timeout=SECONDS)
    with server:
        if address.scheme == "smtp":
            server.starttls(context=certificates)
        if address.username is not None:
            server.login(unquote(address.username), unquote(address.password or ""))
        server.send_message(mail)


def send_mail(
    settings: Settings, certificates: ssl.SSLContext
) -> Callable[[list[str], str, bytes, datetime], Coroutine[Any, Any, Outcome]]:
    """What brings a message into mailboxes."""

    async def send(to: list[str], message: str, body: bytes, at: datetime) -> Outcome:
        if settings.smtp_url is None or settings.smtp_from is None:
            return Outcome(False, answer="no mail server is set: SHIXIAN_SMTP_URL, SHIXIAN_SMTP_FROM")
        mail = compose(settings.smtp_from, to, message, body, at)
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(_POSTMEN, hand_over, settings, certificates, mail)
        except smtplib.SMTPResponseException as error:
            return Outcome(False, error.smtp_code, shown(error.smtp_error))
        except (smtplib.SMTPException, OSError) as error:
            return Outcome(False, answer=f"no answer: {type(error).__name__}")
        return Outcome(True, 250)

    return send


def shown(said: bytes | str) -> str:
    """What a server said, as far as it is kept."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return "".join(each if each.isprintable() else " " for each in text)[:200]
