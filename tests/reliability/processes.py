"""Real processes of the service under test: started on loopback, killed by their numbers, started again."""

import contextlib
import json
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

__all__ = ["ADMIN_KEY", "House", "Nursery", "Post", "free_port", "killing"]

ROOT = Path(__file__).parents[2]
ADMIN_KEY = "fault-tests-4f1c9ab27d03e8561b7c"
SECRET = "fault-tests-a85e07d1c4623fb99e50"
START_SECONDS = 60.0


def free_port() -> int:
    """A port that nothing listens on, below those that outgoing connections take for themselves."""
    while True:
        port = random.SystemRandom().randrange(15000, 30000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Nursery:
    """The process that forks the service's processes; see nursery.py."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.nursery"],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("SHIXIAN_")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()
        self._ended = threading.Condition()
        self._codes: dict[int, int] = {}
        self._born: queue.Queue[int] = queue.Queue()
        self._ready = threading.Event()
        self._orders = 0
        self._reader = threading.Thread(target=self._read, name="nursery", daemon=True)
        self._reader.start()
        deadline = time.monotonic() + 120
        while not self._ready.wait(0.2):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError("the service could not be loaded")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "ready" in message:
                self._ready.set()
            elif "process" in message:
                self._born.put(message["process"])
            else:
                with self._ended:
                    self._codes[message["ended"]] = message["code"]
                    self._ended.notify_all()

    def start(self, arguments: list[str], environment: dict[str, str], folder: Path, log: Path) -> int:
        """Fork a process that runs `shixian` with these arguments; its number."""
        with self._lock:
            self._orders += 1
            order = {
                "id": self._orders,
                "arguments": arguments,
                "environment": environment,
                "folder": str(folder),
                "log": str(log),
            }
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return self._born.get(timeout=30)

    def code(self, process: int) -> int | None:
        """How a process ended, None while it runs."""
        with self._ended:
            return self._codes.get(process)

    def wait(self, process: int, seconds: float) -> int:
        """Wait for the end of a process; its exit code, negative for a signal."""
        with self._ended:
            if not self._ended.wait_for(lambda: process in self._codes, seconds):
                raise TimeoutError(f"process {process} did not end within {seconds} s")
            return self._codes[process]

    def close(self) -> None:
        """End it, and with it whatever it has forked."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._reader.join(5)
        assert self._process.stdout is not None
        self._process.stdout.close()


@dataclass
class Post:
    """A place at which one process of the service stands; killed, another one takes its place."""

    name: str
    arguments: list[str]
    port: int | None
    process: int = 0
    since: float = 0.0
    killed: bool = False
    starts: int = 0


@dataclass
class House:
    """The service on one database: its posts, its settings, what its processes wrote."""

    nursery: Nursery
    folder: Path
    database_url: str
    more: dict[str, str] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    """Processes that ended though nobody killed them."""

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SHIXIAN_", "PG"))}
        return kept | {
            "SHIXIAN_MODE": "test",
            "SHIXIAN_DATABASE_URL": self.database_url,
            "SHIXIAN_ADMIN_KEY": ADMIN_KEY,
            "SHIXIAN_SECRET_KEY": SECRET,
            "SHIXIAN_LOG_LEVEL": "warning",
            **self.more,
        }

    @property
    def log(self) -> Path:
        return self.folder / "service.log"

    def server(self, *options: str) -> Post:
        """A post for `shixian serve`, not yet started."""
        port = free_port()
        post = Post(f"server on {port}", ["serve", "--port", str(port), *options], port)
        self.posts.append(post)
        return post

    def sweeper(self) -> Post:
        """A post for `shixian scheduler`, not yet started."""
        post = Post("scheduler", ["scheduler"], None)
        self.posts.append(post)
        return post

    def start(self, post: Post) -> None:
        post.process = self.nursery.start(post.arguments, self.environment, self.folder, self.log)
        post.since = time.monotonic()
        post.starts += 1
        post.killed = False

    def run(self, *arguments: str, seconds: float = 120) -> tuple[int, str]:
        """Run one command to its end: its exit code and what it printed."""
        log = self.folder / f"command-{time.monotonic_ns()}.log"
        process = self.nursery.start(list(arguments), self.environment, self.folder, log)
        return self.nursery.wait(process, seconds), log.read_text(encoding="utf-8")

    def is_ready(self, post: Post) -> bool:
        """A server answers, a sweeper has had the time to start."""
        if post.port is None:
            return time.monotonic() - post.since > 1.5
        try:
            return ask(post.port, "GET", "/healthz")[0] == 200
        except (OSError, HTTPException):
            return False

    def open(self) -> None:
        """Start every post, the first one alone: it may have to migrate."""
        for post in self.posts:
            self.start(post)
            self.wait_ready(post)

    def wait_ready(self, post: Post) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready(post):
            if self.nursery.code(post.process) is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{post.name} did not start: {self.log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)

    def kill(self, post: Post) -> None:
        post.killed = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(post.process, signal.SIGKILL)
        self.nursery.wait(post.process, 30)

    def dismiss_sweepers(self) -> None:
        """End every process that does nothing but sweep, and let the database see that it is gone."""
        for post in [post for post in self.posts if post.port is None]:
            self.kill(post)
            self.posts.remove(post)
        time.sleep(1)

    def close(self) -> None:
        for post in self.posts:
            if post.process and self.nursery.code(post.process) is None:
                self.kill(post)

    def look_after(self) -> None:
        """Note, and put right, that a process ended by itself."""
        for post in self.posts:
            code = self.nursery.code(post.process)
            if code is not None and not post.killed:
                self.deaths.append(f"{post.name} ended by itself with {code}")
                self.start(post)

    def errors(self) -> list[str]:
        """Lines of the log that speak of an error, and tracebacks."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return [
            line for line in lines if '"level": "error"' in line or '"level":"error"' in line or "Traceback" in line
        ]


def ask(
    port: int, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, seconds: float = 15
) -> tuple[int, Any, dict[str, str]]:
    """One request on a connection of its own: status, the JSON answered, headers in small letters."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        text = None if body is None else json.dumps(body)
        sent = {"X-API-Key": ADMIN_KEY, "Content-Type": "application/json", **(headers or {})}
        connection.request(method, path, text, sent)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        return answer.status, document, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


@dataclass
class Kills:
    """What the killer did."""

    servers: int = 0
    sweepers: int = 0
    seconds: float = 0.0

    @property
    def total(self) -> int:
        return self.servers + self.sweepers


def kill_until(house: House, wanted: int, stop: threading.Event, dice: random.Random, kills: Kills) -> None:
    """Kill by number, at moments of chance, mostly in the middle of work, at times in the middle of a start."""
    begun = time.monotonic()
    ripe: dict[str, float] = {}
    while kills.total < wanted and not stop.is_set():
        time.sleep(0.02)
        house.look_after()
        for post in house.posts:
            place = f"{post.name} {post.starts}"
            if place not in ripe:
                if not house.is_ready(post) and dice.random() > 0.002:
                    continue
                longest = 2.5 if len(house.posts) == 1 else 4.0
                life = dice.uniform(0.02, 0.6) if dice.random() < 0.5 else dice.uniform(0.6, longest)
                ripe[place] = time.monotonic() + life
            if time.monotonic() >= ripe[place] and kills.total < wanted:
                house.kill(post)
                if post.port is None:
                    kills.sweepers += 1
                else:
                    kills.servers += 1
                house.start(post)
    kills.seconds = time.monotonic() - begun


@contextlib.contextmanager
def killing(house: House, wanted: int, seed: int) -> Iterator[tuple[Kills, threading.Thread]]:
    """A killer at work while the block runs, or until it has killed so often."""
    kills, stop = Kills(), threading.Event()
    thread = threading.Thread(
        target=kill_until, args=(house, wanted, stop, random.Random(seed), kills), name="killer", daemon=True
    )
    thread.start()
    try:
        yield kills, thread
    finally:
        stop.set()
        thread.join(60)
