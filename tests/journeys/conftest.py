"""A real server on a free port, a real Chromium, and what is held to on every page that a journey passes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.builders.office import an_environment_item

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "artefacts" / "pages"
AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ADMIN_KEY = "journeys-admin-key-of-the-tests-0123456789"
BEGIN = "2026-11-12T10:00:00+08:00"
WIDTHS = (1280, 360)

Json = dict[str, Any]  # a JSON object


def missing(what: str, how: str) -> None:
    """Skip loudly; where everything is meant to be there, fail."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{what} is missing: {how}", pytrace=False)
    pytest.skip(f"{what} is missing, the pages are NOT tested in a browser: {how}")


@dataclass
class Hall:
    """A running server with an office at work on it."""

    address: str
    supervisor: str = ""
    """The key of a supervisor."""
    cases: dict[str, Json] = field(default_factory=dict)
    """The receipt of each case, by what it is an example of."""

    def number(self, case: str) -> str:
        """The tracking number of a case."""
        return str(self.cases[case]["tracking_number"])

    def sends(self, method: str, path: str, body: Json) -> Json:
        """What was answered, which must be a success."""
        answer = httpx2.request(method, self.address + path, json=body, headers={"X-API-Key": ADMIN_KEY}, timeout=30)
        assert answer.status_code in (200, 201), answer.text
        sent: Json = answer.json()
        return sent

    def receives(self, case: str, at: str, subject: str) -> None:
        """A receipt of an earlier day."""
        body = {
            "item": "eia-report",
            "applicant": {"name": "中原再生铝有限公司", "id_type": "uscc", "id_number": "91350100M000100Y43"},
            "subject": subject,
            "channel": "online",
            "submitted_at": f"{at}+08:00",
        }
        self.cases[case] = self.sends("POST", "/api/v1/applications", body)

    def records(self, case: str, type_: str, at: str, **fields: Any) -> None:  # any JSON
        """A step of an earlier day, entered now."""
        late = {"actor": "李明", "late_reason": "补录", "approver": "王芳", "occurred_at": f"{at}+08:00"}
        body = {"type": type_, **late, **fields}
        self.sends("POST", f"/api/v1/applications/{self.number(case)}/steps", body)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """The service as `shixian serve` starts it, on an embedded database, with an office that has been at work."""
    folder = tmp_path_factory.mktemp("hall")
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHIXIAN_")} | {
        "SHIXIAN_DATABASE_URL": f"sqlite:///{folder / 'hall.db'}",
        "SHIXIAN_MODE": "test",
        "SHIXIAN_CLOCK_START": BEGIN,
        "SHIXIAN_ADMIN_KEY": ADMIN_KEY,
        "SHIXIAN_SUPERVISION_TELEPHONE": "0371-12345",
        "SHIXIAN_SWEEP_SECONDS": "2",
        "SHIXIAN_LOOKUP_LIMIT_PER_MINUTE": "100000",
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        hall = Hall(f"http://127.0.0.1:{port}")
        wait_for(hall, server, folder / "log")
        at_work(hall)
        yield hall
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_for(hall: Hall, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            if httpx2.get(f"{hall.address}/healthz").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    pytest.fail(
        f"the server did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}", pytrace=False
    )


def at_work(hall: Hall) -> None:
    """An office on Thursday 12 November 2026: one case of each kind that a page shows differently."""
    office = {
        "code": "D1",
        "name": "二七区环境保护局",
        "telephone": "0371-65900000",
        "sections": [{"code": "S1", "name": "环评科", "officers": [{"code": "o1", "name": "李明"}]}],
    }
    hall.sends("PUT", "/api/v1/departments/D1", office)
    hall.sends("PUT", "/api/v1/departments/D2", {"code": "D2", "name": "二七区民政局"})
    item = {
        **an_environment_item(),
        "stages": [{"code": "review", "name": "审查", "limit": {"amount": 2, "unit": "working_day"}}],
    }
    hall.sends("PUT", "/api/v1/items/eia-report", item)
    key = hall.sends("POST", "/api/v1/keys", {"role": "supervisor", "name": "张监察"})
    hall.supervisor = key["key"]

    hall.receives("on time", "2026-11-09T09:10:00", "年产一万吨再生铝项目")
    hall.records("on time", "accept", "2026-11-10T10:00:00")
    hall.records("on time", "start_stage", "2026-11-11T11:00:00", stage="review")

    hall.receives("due soon", "2026-11-05T09:10:00", "污水处理厂扩建工程")
    hall.records("due soon", "accept", "2026-11-06T10:00:00")

    hall.receives("late", "2026-10-26T14:30:00", "年产五千吨涂料项目")
    hall.records(
        "late", "request_correction", "2026-10-27T09:00:00", missing=["环境影响报告书第 3 章监测数据原件", "规划许可"]
    )
    hall.records("late", "submit_correction", "2026-10-29T16:00:00")
    hall.records("late", "accept", "2026-10-30T10:00:00")
    hall.records("late", "assign", "2026-10-30T11:00:00", department="D1", section="S1", officer="o1")
    reason = "专家评审会两次推迟，11 月 13 日召开；联系 13812345678。"
    hall.records("late", "explain_delay", "2026-11-10T09:00:00", clock="promise", reason=reason)

    hall.receives("unexplained", "2026-11-02T09:00:00", "加油站改造")
    hall.records("unexplained", "accept", "2026-11-02T10:00:00")

    hall.receives("paused", "2026-11-06T09:10:00", "高速公路改扩建工程")
    hall.records("paused", "accept", "2026-11-09T10:00:00")
    hall.records(
        "paused",
        "pause",
        "2026-11-10T10:00:00",
        ground="expert_review",
        legal_basis="行政许可法 第四十五条",
        announced={"amount": 20, "unit": "working_day"},
    )

    hall.receives("decided", "2026-11-02T09:10:00", "日处理两百吨垃圾焚烧项目")
    hall.records("decided", "accept", "2026-11-03T10:00:00")
    hall.records("decided", "decide", "2026-11-05T15:00:00", result="granted")
    hall.records("decided", "deliver", "2026-11-06T15:00:00", channel="online")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium; none is ever downloaded."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing("Chromium", "apt-get install chromium fonts-noto-cjk")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Visitor:
    """Somebody at a screen, and what is held to on every page that they look at."""

    page: Page
    hall: Hall
    name: str
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def goes(self, path: str) -> None:
        """To an address."""
        await self.page.goto(self.hall.address + path)

    async def looks(self, at: str) -> str:
        """Look at the page closely: keep a picture, and hold it to what every page is held to. Its text is given."""
        page = self.page
        PICTURES.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=PICTURES / f"{at}.{self.name}.png", full_page=True)
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{at}: {wide} px wider than the screen"
        await page.evaluate(AXE)  # through the debugger: the page's own policy lets no foreign script in
        found = await page.evaluate(
            "rules => axe.run(document, {runOnly: rules}).then(result => result.violations.map("
            "each => each.id + ': ' + each.nodes.map(node => node.html).join(' | ')))",
            RULES,
        )
        assert found == [], at
        assert self.complaints == [], at
        assert [url for url in self.requested if not url.startswith(self.hall.address)] == [], at
        return " ".join((await page.inner_text("body")).split())


@pytest.fixture(params=WIDTHS, ids=str)
def width(request: pytest.FixtureRequest) -> int:
    """How wide the screen is: a desk's and a telephone's."""
    wide: int = request.param
    return wide


Enter = Callable[..., Awaitable[Visitor]]


@pytest.fixture
async def enter(browser: Browser, hall: Hall, width: int) -> AsyncIterator[Enter]:
    """Lets somebody in: `enter(language="en", scripts=False)`."""
    contexts = []

    async def let_in(*, language: str = "zh-CN", scripts: bool = True) -> Visitor:
        context = await browser.new_context(
            viewport={"width": width, "height": 800},
            locale=language,
            timezone_id="Asia/Shanghai",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = await context.new_page()
        visitor = Visitor(page, hall, f"{language}.{width}")
        page.on("request", lambda request: visitor.requested.append(request.url))
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        page.on("console", lambda message: visitor.complaints.append(message.text) if message.type == "error" else None)
        return visitor

    yield let_in
    for context in contexts:
        await context.close()
