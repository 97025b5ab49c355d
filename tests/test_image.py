"""What can be seen of the image without an engine; `make image` runs each of its instructions in an empty folder."""

import re
import subprocess
from pathlib import Path

import yaml

from app.kit.settings import Settings

ROOT = Path(__file__).parents[1]
LINES = [line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
NAMES = {f"SHIXIAN_{name.upper()}" for name in Settings.model_fields}


def test_everything_that_is_copied_is_there_and_in_the_context() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line[0] == "!"}
    copied = {
        source for line in LINES if line.startswith("COPY ") and "--from=" not in line for source in line.split()[1:-1]
    }
    assert copied == let_through
    assert [source for source in sorted(copied) if not (ROOT / source).exists()] == []


def test_the_image_does_not_run_as_root_and_is_asked_for_its_health() -> None:
    assert "USER shixian" in LINES
    assert any(line.startswith("HEALTHCHECK ") and "/healthz" in line for line in LINES)


def test_image_and_composition_name_only_known_settings() -> None:
    text = "\n".join(LINES)
    composition = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    named = set(re.findall(r"\bSHIXIAN_[A-Z_]+", text)) | set(composition["services"]["shixian"]["environment"])
    assert named - NAMES == set()


def test_the_proof_knows_every_instruction_and_the_scripts_can_be_read() -> None:
    proof = (ROOT / ".ci" / "prove-image").read_text(encoding="utf-8")
    known = set(re.findall(r'"([A-Z]+) ', proof))
    assert {line.split()[0] for line in LINES} - known == set()
    for script in ("run", "prove-image"):
        assert subprocess.run(["bash", "-n", str(ROOT / ".ci" / script)], check=False).returncode == 0


def test_the_four_locks_have_hashes_and_name_no_host() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-build.txt", "requirements-mutants.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text


def test_the_locks_hold_what_the_project_asks_for() -> None:
    """Whoever changes the dependencies runs `make lock`."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.split("dependencies = [", 1)[1].split("]\n\n", 1)[0]
    asked = {re.split(r"[\[<>=;~! ]", each, maxsplit=1)[0].lower() for each in re.findall(r'"([^"]+)"', section)}
    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert asked - locked == set()
