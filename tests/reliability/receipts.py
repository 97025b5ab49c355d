"""Judges what a receiver got against the alarms on record. Knows nothing of how the service sends: no code of its own.

Every alarm arrived; whatever came twice came under the same identity and in the same bytes; nothing came that is not on
record; every message was signed by the secret that was given out.
"""

import base64
import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

__all__ = ["Arrival", "judge_receipts"]

SAME = ("tracking_number", "clock", "stage", "kind", "rung", "clock_revision")
INSTANTS = ("due_at", "crossed_at", "detected_at")


class Arrival(NamedTuple):
    """One request as it came, and whether it was answered with a 2xx."""

    headers: Mapping[str, str]
    body: bytes
    accepted: bool


def judge_receipts(arrivals: Iterable[Arrival], alarms: Iterable[Mapping[str, Any]], secret: str) -> list[str]:
    """What is wrong, in words; nothing when all is well."""
    faults: list[str] = []
    bodies: dict[str, set[bytes]] = defaultdict(set)
    told: dict[str, set[str]] = defaultdict(set)
    documents: dict[str, dict[str, Any]] = {}
    for arrival in arrivals:
        identity = arrival.headers["webhook-id"]
        bodies[identity].add(arrival.body)
        document = json.loads(arrival.body)
        if document["id"] != identity:
            faults.append(f"{identity}: another identity in the body")
        if not is_signed(arrival, secret):
            faults.append(f"{identity}: not signed")
        if arrival.accepted:
            told[document["subject"]].add(identity)
            documents[document["subject"]] = document
    faults += [f"{identity}: {len(found)} different bodies" for identity, found in bodies.items() if len(found) > 1]
    on_record = {alarm["id"]: alarm for alarm in alarms}
    faults += [f"{alarm}: never arrived" for alarm in on_record.keys() - told.keys()]
    faults += [f"{subject}: is on no record" for subject in told.keys() - on_record.keys()]
    faults += [f"{subject}: under {len(ids)} identities" for subject, ids in told.items() if len(ids) > 1]
    for subject in told.keys() & on_record.keys():
        data, alarm = documents[subject]["data"], on_record[subject]
        faults += [f"{subject}: another {name}" for name in SAME if data[name] != alarm[name]]
        faults += [f"{subject}: another {name}" for name in INSTANTS if instant(data[name]) != instant(alarm[name])]
    return sorted(faults)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def is_signed(arrival: Arrival, secret: str) -> bool:
    """`v1,…` over identity, timestamp and body, under the bytes of the secret."""
    key = base64.b64decode(secret.split("_", 1)[1])
    said = f"{arrival.headers['webhook-id']}.{arrival.headers['webhook-timestamp']}.".encode() + arrival.body
    want = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    return any(each == f"v1,{want}" for each in arrival.headers["webhook-signature"].split(" "))
