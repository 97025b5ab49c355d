"""What people read: a digest as a title and lines, in Chinese; made of the message alone, so that it never varies."""

import json
from typing import Any, Final, NamedTuple

from app.kit.texts import label

__all__ = ["Words", "words_of"]

MOST_LINES: Final = 50
CARDS: Final = {"yellow": "黄牌", "red": "红牌"}
"""Not as an authority labels them: a message holds codes and numbers alone."""


class Words(NamedTuple):
    """A message for people."""

    title: str
    text: str
    amount: int


def words_of(body: bytes) -> Words:
    """The words of a message."""
    document: dict[str, Any] = json.loads(body)  # our own JSON
    data = document["data"]
    alarms, orders = data.get("alarms", []), data.get("orders", [])
    standing, gone = data.get("raised", 0), data.get("withdrawn", 0)
    told = data.get("count", 0) - standing - gone
    title = f"时限提醒：{standing} 条" if standing or gone or not told else ""
    title += f"，撤回 {gone} 条" if gone else ""
    title += f"{'，' if title else ''}督办 {told} 条" if told else ""
    lines = [*(line_of_order(order) for order in orders), *(line_of(alarm) for alarm in alarms)][:MOST_LINES]
    if (rest := data.get("count", 0) - len(lines)) > 0:
        lines.append(f"……另有 {rest} 条，见 /supervision")
    return Words(title, "\n".join(lines), data.get("count", 0))


def line_of_order(order: dict[str, Any]) -> str:
    """What came of one order as a line; orders stand first, for they want an answer."""
    number = order["id"] + (f"（{order['tracking_number']}）" if order["tracking_number"] else "")
    due = "" if order["due_at"] is None else f"，{order['due_at'][:16].replace('T', ' ')} 前办结"
    if order["type"] == "order.escalated":
        card = order["card"]
        return f"督办单 {number} 升级：{CARDS[card['colour']]}{due}"
    if order["type"] == "order.closed":
        return f"督办单 {number} {'撤销' if order['revoked'] else '办结'}"
    return f"督办单 {number} 下发{due}"


def line_of(alarm: dict[str, Any]) -> str:
    """One alarm as a line."""
    what = label("clock", alarm["clock"], "zh-CN") + (f"（{alarm['stage']}）" if alarm["stage"] else "")
    kind = label("alarm", alarm["kind"], "zh-CN")
    back = "（已撤回）" if alarm["withdrawn"] else ""
    due = alarm["due_at"][:16].replace("T", " ")
    return f"{alarm['tracking_number']} {what} {kind}{back}，到期 {due}"
