"""`shixian channels load`: a file is taken as a whole or not at all."""

from pathlib import Path

from sqlalchemy import select
from typer.testing import CliRunner

from app.cli.channels import load_file
from app.cli.root import commands
from app.kit.service import Service
from app.outbox.models import Subscriber


async def test_what_the_file_says_is_told_from_then_on(service: Service) -> None:
    text = "channels: [{name: a, mail: [a@hall.example]}, {name: b, mail: [b@hall.example]}]"
    assert await load_file(service.settings, text) == (2, 0)
    assert await load_file(service.settings, "channels: [{name: b, mail: [c@hall.example]}]") == (1, 1)
    async with service.db.read() as tx:
        rows = (await tx.execute(select(Subscriber.name, Subscriber.enabled).order_by(Subscriber.name))).all()
    assert [tuple(row) for row in rows] == [("a", False), ("b", True)]


def test_a_file_that_is_wrong_ends_with_2_and_a_line_that_says_where(tmp_path: Path) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text("channels: [{name: a, mail: [nobody]}]", encoding="utf-8")
    done = CliRunner().invoke(commands, ["channels", "load", str(file)])
    assert done.exit_code == 2
    assert "channels/0/mail/0" in done.output
