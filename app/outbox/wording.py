"""What people read: a digest as a title and lines, in Chinese; made of the message alone, so that it never varies."""

import json
from typing import Any, Final, NamedTuple

from app.kit.texts import label

__all__ = ["Words", "words_of"]

MOST_LINES: Final = 50


class Words(NamedTuple):
    """A message for people."""

    title: str
    text: str
    amount: int


def words_of(body: bytes) -> Words:
    """The words of a message."""
    document: dict[str, Any] = json.loads(body)  # our own JSON
    data = document["data"]
    alarms = data.get("alarms", [])
    standing, gone = data.get("raised", 0), data.get("withdrawn", 0)
    title = f"时限提醒：{standing} 条" + (f"，撤回 {gone} 条" if gone else "")
    lines = [line_of(alarm) for alarm in alarms[:MOST_LINES]]
    if (rest := data.get("count", 0) - len(lines)) > 0:
        lines.append(f"……另有 {rest} 条，见 /supervision")
    return Words(title, "\n".join(lines), data.get("count", 0))


def line_of(alarm: dict[str, Any]) -> str:
    """One alarm as a line."""
    what = label("clock", alarm["clock"], "zh-CN") + (f"（{alarm['stage']}）" if alarm["stage"] else "")
    kind = label("alarm", alarm["kind"], "zh-CN")
    back = "（已撤回）" if alarm["withdrawn"] else ""
    due = alarm["due_at"][:16].replace("T", " ")
    return f"{alarm['tracking_number']} {what} {kind}{back}，到期 {due}"
