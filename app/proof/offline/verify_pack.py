#!/usr/bin/env python3
"""Checks a proof pack of 时限 without the service: one file, the standard library, and `cryptography` for signatures.

    python verify_pack.py PACK.json [--key ID_OR_PUBLIC_KEY]… [--checkpoints FILE] [--language zh|en]

It shares no code with the service: the rules below are those that docs/proof.md states. Exit 0: everything holds; 1:
something does not; 3: nothing can be said. FILE is the auditor's own copy of the checkpoints, as it was sent away.
"""

import argparse
import hashlib
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WORDS = {
    "chain": ("哈希链：{0} 条记录首尾相接", "chain: {0} events follow one another"),
    "private": (
        "个人信息承诺：{0} 项相符，{1} 项已删除或者未公开",
        "personal values: {0} fit their commitments, {1} were erased or are held back",
    ),
    "timeline": ("时间线：{0} 个步骤与记录一致", "timeline: {0} steps are what the events say"),
    "leaf": ("检查点 {0} 覆盖至第 {1} 条记录", "checkpoint {0} covers the history up to event {1}"),
    "complete": (
        "检查点 {0} 已纳入当时的全部记录",
        "checkpoint {0} says that it saw all that was recorded then",
    ),
    "partial": (
        "检查点 {0} 未纳入当时的全部记录，最近一次全部纳入的是 {1}（0：无）",
        "checkpoint {0} left some of what was recorded then to the next; the last that saw all is {1} (0: none)",
    ),
    "dates": ("其后的记录均晚于应当已见到它们的检查点", "what is covered by none is not dated before one that saw all"),
    "since": ("其后 {0} 条记录尚未被检查点覆盖", "{0} events since are covered by no checkpoint yet"),
    "path": ("包含证明：{0} 个哈希通向根", "inclusion: {0} hashes lead to the root"),
    "signature": ("签名有效，密钥 {0}", "the signature holds, key {0}"),
    "pack": ("整个证明包的签名有效，密钥 {0}", "the signature of the whole pack holds, key {0}"),
    "key": ("密钥 {0} 是预期的密钥", "the key {0} is the one expected"),
    "nokey": (
        "未给出预期密钥（--key）：请与审计机关保存的公钥核对",
        "no expected key was given (--key): compare it with the auditor's",
    ),
    "copy": ("与外存检查点副本（{0} 个）一致", "the checkpoint is the one in the copy kept elsewhere, of {0}"),
    "none": ("尚无检查点覆盖该办件", "no checkpoint covers this application yet"),
    "good": ("结论：完整，未被改动", "verdict: whole and unchanged"),
    "alone": (
        "结论：前后一致，但尚不能证明（见标有 ! 的各行）",
        "verdict: at one with itself, but not proved (see the lines marked !)",
    ),
    "bad": ("不符", "DOES NOT HOLD"),
}

LEFT_OPEN = frozenset({"none", "nokey", "partial", "since"})
"""What was not checked, or not covered: told with `!` and never with a tick."""
UNPROVED = frozenset({"none", "nokey"})
"""Without these two whoever made the pack could have made the key or the history to go with it."""

GRACE = timedelta(minutes=5)
INSTANTS = ("occurred_at", "recorded_at", "notified_at")


HASHES = {1: ("sha256",), 2: ("sm3",), 3: ("sha256", "sm3")}


class Wrong(Exception):
    """Something in the pack does not hold."""


def read(text: str) -> Any:
    """JSON in which no name stands twice: of two values another reader might show the other one."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once)


def spell(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(*parts: bytes, algorithm: int = 1) -> bytes:
    """1: SHA-256, 2: SM3, 3: the digests of both; what is no event is always of SHA-256."""
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    try:
        return b"".join(hashlib.new(name, text).digest() for name in HASHES[algorithm])
    except ValueError:
        give_up("this machine's OpenSSL has no SM3")


def need(holds: bool, what: str) -> None:
    if not holds:
        raise Wrong(what)


def walk(pack: dict[str, Any]) -> list[bytes]:
    """The hashes of all events, each checked."""
    number, hashes = pack["tracking_number"].encode(), []
    events = pack["events"]
    need(bool(events), "the pack has no events")
    nonce, previous = bytes.fromhex(json.loads(events[0]["body"])["nonce"]), b""
    for place, event in enumerate(events, 1):
        need(event["seq"] == place, f"event {place} is missing")
        algorithm = event["algorithm"]
        need(type(algorithm) is int and algorithm in HASHES, f"event {place} names an unknown algorithm")
        if place == 1:
            previous = digest(b"shixian/genesis/1", number, nonce, algorithm=algorithm)
        parts = (b"shixian/event/1", number, place.to_bytes(8, "big"), previous, event["body"].encode())
        previous = digest(*parts, algorithm=algorithm)
        need(previous.hex() == event["hash"], f"event {place} is not the one that was recorded")
        hashes.append(previous)
    return hashes


def open_commitments(pack: dict[str, Any]) -> tuple[int, int]:
    """How many personal values fit what their events commit to, and how many are not there any more."""
    fit = erased = 0
    for event in pack["events"]:
        committed = json.loads(event["body"]).get("private", {})
        for name in event["private"]:
            need(name in committed, f"event {event['seq']} commits to no {name}")
        for name, commitment in committed.items():
            if name not in event["private"]:
                erased += 1
                continue
            salt, value = event["private"][name]
            found = digest(b"shixian/private/1", bytes.fromhex(salt), name.encode(), spell({"value": value}).encode())
            need(found.hex() == commitment, f"{name} of event {event['seq']} is not what was committed to")
            fit += 1
    return fit, erased


def compare_timeline(pack: dict[str, Any]) -> int:
    """Whether each step that is shown says what its event says, in so far as both name the same thing."""
    need(len(pack["timeline"]) == len(pack["events"]), "timeline and events differ in number")
    for step, event in zip(pack["timeline"], pack["events"], strict=True):
        place, body = event["seq"], json.loads(event["body"])
        committed = body.get("private", {})
        need(step["seq"] == place and step["type"] == body["type"], f"step {place} is not the one recorded")
        need(step["hash"] == event["hash"], f"step {place} names another event")
        by = body.get("by", {})
        need(
            (step["recorded_by"], step["role"]) == (by.get("credential"), by.get("role")),
            f"step {place} names somebody else than its event",
        )
        for name, value in step.items():
            if name in committed:
                same = isinstance(value, dict) or value == event["private"].get(name, (None, value))[1]
            elif name in body and name in INSTANTS and value is not None:
                same = datetime.fromisoformat(value) == datetime.fromisoformat(body[name])
            else:
                same = name not in body or isinstance(value, dict) or value == body[name]
            need(same, f"{name} of step {place} is not what was recorded")
    return len(pack["timeline"])


def root_over(hashed: bytes, place: int, count: int, path: list[bytes]) -> bytes:
    """RFC 6962: the root to which the path of a leaf leads."""
    need(0 <= place < count, "the place lies outside the tree")
    at, last = place, count - 1
    for beside in path:
        need(last > 0, "the path is too long")
        if at % 2 or at == last:
            hashed = hashlib.sha256(b"\x01" + beside + hashed).digest()
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            hashed = hashlib.sha256(b"\x01" + hashed + beside).digest()
        at, last = at // 2, last // 2
    need(last == 0, "the path is too short")
    return hashed


def signer_of(line: dict[str, Any], signed: bytes, what: str) -> str:
    """The name of the key under which a signature holds."""
    public = bytes.fromhex(line["public_key"])
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(line["signature"]), signed)
    except (InvalidSignature, ValueError):
        raise Wrong(f"the signature of {what} does not hold") from None
    name = hashlib.sha256(public).hexdigest()[:16]
    need(line["key"] == name, f"{what} names another key than the one that signed it")
    return name


def check_signature(line: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What the checkpoint says and the name of its key, once hash and signature hold."""
    body = line["record"].encode()
    name = signer_of(line, b"shixian/checkpoint/1\n" + body, "the checkpoint")
    said = read(line["record"])
    need(
        said["format"] == "shixian/checkpoint/1"
        and (said["key"], said["n"]) == (name, line["n"])
        and line["hash"] == digest(b"shixian/checkpoint/1", body).hex(),
        "the checkpoint is not the one signed",
    )
    complete_of(said)
    return said, name


def complete_of(said: dict[str, Any]) -> int:
    """The last checkpoint up to this one that left nothing over for the next, as it says itself."""
    complete = said["complete"]
    need(type(complete) is int and 0 <= complete <= said["n"], "the checkpoint names no last complete one")
    found: int = complete
    return found


def check_expected(line: dict[str, Any], name: str, keys: list[str]) -> None:
    need(not keys or name in keys or line["public_key"] in keys, f"the key {name} is not one of those expected")


def read_copy(text: str, keys: list[str]) -> list[dict[str, Any]]:
    """What the checkpoints of the auditor's copy say; raises `Wrong` where the copy itself is not whole."""
    found: list[dict[str, Any]] = []
    before = None
    for row in text.splitlines():
        line = read(row)
        said, name = check_signature(line)
        check_expected(line, name, keys)
        if before is not None:
            follows = said["previous"] == before["hash"] and said["n"] == before["n"] + 1
            need(follows, f"checkpoint {said['n']} of the copy does not follow the one before it")
            last = found[-1]["complete"]
            need(said["complete"] in (said["n"], last), f"checkpoint {said['n']} names another last complete one")
        before = line
        found.append(said | {"record": line["record"]})
    return found


def check_dates(pack: dict[str, Any], seq: int, seen: list[tuple[int, datetime]]) -> None:
    """No event after `seq` says that it was recorded before a checkpoint that saw all and not it.

    Five minutes are left for what was recorded just before a checkpoint and committed after it.
    """
    for event in pack["events"][seq:]:
        recorded = datetime.fromisoformat(json.loads(event["body"])["recorded_at"])
        for n, at in seen:
            need(recorded >= at - GRACE, f"event {event['seq']} is dated before checkpoint {n}, which did not see it")


def complete_in(copy: list[dict[str, Any]], made_at: datetime) -> list[tuple[int, datetime]]:
    """The last checkpoint of the copy that saw all there was, well before the pack was made."""
    known = {said["n"]: datetime.fromisoformat(said["at"]) for said in copy}
    past = [said for said in copy if known[said["n"]] <= made_at - GRACE]
    complete = past[-1]["complete"] if past else 0
    return [(complete, known[complete])] if complete in known else []


def check(pack: dict[str, Any], keys: list[str], copy: list[dict[str, Any]] | None, tell: Any) -> None:
    """Everything, told line by line; raises `Wrong` at the first thing that does not hold."""
    need(pack["format"] == "shixian/proof/1", "the pack has a form that this program does not know")
    hashes = walk(pack)
    tell("chain", len(hashes))
    tell("private", *open_commitments(pack))
    tell("timeline", compare_timeline(pack))
    proof = pack["proof"]
    seen = [] if copy is None else complete_in(copy, datetime.fromisoformat(pack["made_at"]))
    if proof is None:
        tell("none")
        check_dates(pack, 0, seen)
    else:
        seq, said = check_proof(pack, hashes, keys, tell)
        if copy is not None:
            kept = [line["record"] for line in copy if line["n"] == said["n"]]
            need(kept == [proof["checkpoint"]["record"]], "the copy knows another checkpoint, or has not got it")
            tell("copy", len(copy))
        check_dates(pack, seq, [*seen, (said["n"], datetime.fromisoformat(said["at"]))])
    tell("dates")
    rest = {name: value for name, value in pack.items() if name != "signature"}
    name = signer_of(pack["signature"], b"shixian/proof/1\n" + spell(rest).encode(), "the pack")
    tell("pack", name)
    check_expected(pack["signature"], name, keys)
    tell(*(("key", name) if keys else ("nokey",)))


def check_proof(pack: dict[str, Any], hashes: list[bytes], keys: list[str], tell: Any) -> tuple[int, dict[str, Any]]:
    """Up to which event a signed checkpoint covers the history, and what that checkpoint says."""
    proof = pack["proof"]
    leaf, seq = proof["leaf"], proof["leaf"]["seq"]
    need(leaf["tracking_number"] == pack["tracking_number"], "the inclusion proof is of another application")
    need(
        0 < seq <= len(hashes) and hashes[seq - 1].hex() == leaf["hash"],
        f"event {seq} is not the head that was covered",
    )
    said, name = check_signature(proof["checkpoint"])
    tell("leaf", said["n"], seq)
    complete = complete_of(said)
    tell(*(("complete", said["n"]) if complete == said["n"] else ("partial", said["n"], complete)))
    tell("since", len(hashes) - seq)
    stated = digest(
        b"shixian/leaf/1", leaf["tracking_number"].encode(), seq.to_bytes(8, "big"), bytes.fromhex(leaf["hash"])
    )
    path = [bytes.fromhex(one) for one in proof["path"]]
    need(proof["count"] == said["count"], "the tree has another size than the one signed")
    root = root_over(hashlib.sha256(b"\x00" + stated).digest(), proof["place"], proof["count"], path)
    need(root.hex() == said["root"], "the inclusion proof does not lead to the root that was signed")
    tell("path", len(path))
    tell("signature", name)
    check_expected(proof["checkpoint"], name, keys)
    return seq, said


def give_up(why: object) -> NoReturn:
    print(why, file=sys.stderr)
    raise SystemExit(3)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks a proof pack of 时限.")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("--checkpoints", type=Path)
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    asked = parser.parse_args(arguments)
    language = ("zh", "en").index(asked.language)
    try:
        pack = read(asked.pack.read_text(encoding="utf-8"))
        copy = None
        if asked.checkpoints is not None:
            copy = read_copy(asked.checkpoints.read_text(encoding="utf-8"), asked.key)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, Wrong) as error:
        give_up(error)
    print(pack.get("tracking_number", "?") if isinstance(pack, dict) else "?")
    told: set[str] = set()

    def say(word: str, *values: object) -> None:
        told.add(word)
        print("!" if word in LEFT_OPEN else "✓", WORDS[word][language].format(*values))

    try:
        check(pack, asked.key, copy, say)
    except Wrong as wrong:
        print("✗", WORDS["bad"][language] + ":", wrong)
        return 1
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        print("✗", WORDS["bad"][language] + ":", f"the pack is malformed ({type(error).__name__}: {error})")
        return 1
    print(WORDS["alone" if told & UNPROVED else "good"][language])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
