"""Runs beside the tests with the service imported, and forks a process for each `shixian …` that it is asked for.

Starting an interpreter takes seconds, a fork milliseconds: thousands of kills need it. Nothing is open in this process:
no loop, no thread, no database. A line of JSON on standard input asks for a process, a line on standard output tells
its number, and another one how it ended. When this process ends, its children end with it.
"""

import ctypes
import json
import os
import select
import signal
import sys
import threading
from typing import NoReturn

import app.main
import app.scheduler
from app.__main__ import main
from app.kit import db
from app.kit.settings import FAILPOINT
from tests.reliability.bad_build import BAD_BUILD, make_bad
from tests.reliability.held_clock import AHEAD, hold

__all__: list[str] = []

PR_SET_PDEATHSIG = 1
LOADED = (app.main, app.scheduler)


def tell(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def become(order: dict[str, object], parent: int) -> NoReturn:
    """The child: run the command, as the shell would have."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    os.chdir(str(order["folder"]))
    environment, arguments = order["environment"], order["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["shixian", *arguments]
    if BAD_BUILD in os.environ:
        make_bad()
    if AHEAD in os.environ:
        hold()
    db._countdown = int(os.environ.get(FAILPOINT, "0"))  # read at the import, which was before the fork
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 the interpreter of a real command would print it and exit with 1
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def reap() -> None:
    """Tell of every child that has ended."""
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if process == 0:
            return
        tell(ended=process, code=os.waitstatus_to_exitcode(status))


def serve() -> None:
    """Fork what is asked for until standard input ends."""
    if threading.active_count() != 1:
        raise SystemExit("a thread is running: forking would copy it in the middle of its work")
    tell(ready=os.getpid())
    rest = b""
    while True:
        readable, _, _ = select.select([0], [], [], 0.02)
        if readable:
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                order = json.loads(line)
                parent = os.getpid()
                process = os.fork()
                if process == 0:
                    become(order, parent)
                tell(order=order["id"], process=process)
        reap()


if __name__ == "__main__":
    serve()
