"""What can be told, and the form in which it is sent: CloudEvents 1.0, structured, as JSON."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

__all__ = ["DIGEST", "MEDIA_TYPE", "PING", "TYPES", "Event", "body_of", "id_of"]

MEDIA_TYPE: Final = "application/cloudevents+json"
PING: Final = "webhook.test"
"""Sent to one webhook when its owner asks for it; nobody subscribes to it."""
DIGEST: Final = "alarm.digest"
"""What people are told instead of one message for each alarm."""
TYPES: Final = (
    "alarm.raised",
    "alarm.withdrawn",
    "checkpoint.taken",
    "order.closed",
    "order.escalated",
    "order.issued",
    "record.tampered",
    "record.verified",
)
"""What a webhook may subscribe to."""

SOURCE: Final = {
    "alarm": "/api/v1/alarms",
    "checkpoint": "/api/v1/checkpoints",
    "order": "/api/v1/orders",
    "record": "/readyz",
    "webhook": "/api/v1/webhooks",
}
URGENT: Final = {"alarm.raised": 0, "record.tampered": 0, DIGEST: 0}


class Event(NamedTuple):
    """Something that others are told of, in the transaction that makes it true."""

    type: str
    key: str
    """What makes it one: the same key is the same event and never a second message."""
    subject: str
    at: datetime
    data: Mapping[str, Any]
    """JSON values; no name, no text that a person typed."""
    department: str | None = None
    """Whom it concerns."""

    @property
    def urgency(self) -> int:
        """Deadline alarms go before what only informs."""
        return URGENT.get(self.type, 1)


def id_of(event: Event) -> str:
    """The identity of a message: a digest of type and key, safe in a header."""
    return "msg_" + hashlib.sha256(f"{event.type}\n{event.key}".encode()).hexdigest()[:32]


def body_of(event: Event) -> bytes:
    """The message in the bytes that are signed and sent."""
    document = {
        "specversion": "1.0",
        "id": id_of(event),
        "source": SOURCE.get(event.type.partition(".")[0], "/api/v1"),
        "type": event.type,
        "subject": event.subject,
        "time": event.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": dict(event.data),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
