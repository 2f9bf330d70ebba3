"""Parses command lines of benchmarks without running them; in a process of its own.

On stdin a JSON list of [module, arguments...]. A benchmark that does not take one ends the process
with argparse's own words.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import sys
from typing import Any

_parse_args = argparse.ArgumentParser.parse_args


class _ParsedError(BaseException):
    """In place of running."""


def _parse(self: argparse.ArgumentParser, *given: Any, **named: Any) -> Any:
    _parse_args(self, *given, **named)
    raise _ParsedError


def main() -> None:
    """Parse them all."""
    argparse.ArgumentParser.parse_args = _parse  # type: ignore[method-assign]
    for module, *arguments in json.load(sys.stdin):
        sys.argv = [module, *arguments]
        with contextlib.suppress(_ParsedError):
            importlib.import_module(module).main()
            raise AssertionError(f"{module} parses nothing")


if __name__ == "__main__":
    main()
