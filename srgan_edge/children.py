"""Questions to a process of its own, which whatever it reads may end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from srgan_edge.errors import SrganEdgeError


def ask(module: str, argument: Path, given: bytes, seconds: float) -> str:
    """Run a module that ends with `answer`; why something cannot be used, or nothing.

    Args:
        module: to run as `python -m` does.
        argument: on its command line, for its messages.
        given: on its standard input.
        seconds: that it may take.
    """
    command = [sys.executable, "-m", module, str(argument)]
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, timeout=seconds, check=False
        )
        return str(json.loads(done.stdout.splitlines()[-1])["reason"])
    except subprocess.TimeoutExpired:
        return f"reading it does not come to an end within {seconds:.0f} s"
    except (IndexError, ValueError, TypeError, KeyError):
        return f"it ends the process that reads it, {_named(done.returncode)}"


def answer(find: Callable[[Path, bytes], str], megabytes: int) -> None:
    """In the child: say what `find` says, which may take so much memory more than there is now."""
    limit_memory(megabytes)
    try:
        reason = find(Path(sys.argv[1]), sys.stdin.buffer.read())
    except SrganEdgeError as error:
        reason = str(error)
    except MemoryError:
        reason = f"reading it takes more than {megabytes} MB"
    print(json.dumps({"reason": reason}))


def limit_memory(megabytes: int) -> None:
    """Allow so much above what there is now, where the system can be asked; no core files."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + (megabytes << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass  # no such system


def _named(code: int) -> str:
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"with exit code {code}"
