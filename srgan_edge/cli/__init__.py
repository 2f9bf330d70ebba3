"""The command line: it parses, calls and prints.

Nothing heavy is imported before a command runs, so `srgan-edge --help` answers at once.

Exit codes: 0 done, 1 failed while running, 2 bad input, 3 a quality gate refused, 130 interrupted.
"""

from __future__ import annotations

import errno
import functools
import io
import signal
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from srgan_edge import __version__
from srgan_edge.cli.bench import bench
from srgan_edge.cli.deploy import deploy
from srgan_edge.cli.doctor import doctor
from srgan_edge.cli.models import evaluate, info, models
from srgan_edge.cli.upscale import upscale
from srgan_edge.cli.webcam import webcam
from srgan_edge.errors import InputError, SrganEdgeError
from srgan_edge.told import plain

COMMANDS_GROUP = "srgan_edge.commands"
# Commands of the other two distributions, and how a checkout installs them.
_ELSEWHERE = {"train": "-e train", "convert": "-e train -e convert"}
_ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}
_INTERRUPTED = 130
# What the system says of a name that somebody gave: too long, round in a circle, not there.
_OF_A_NAME = {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOENT, errno.ENOTDIR, errno.EISDIR}
_OF_A_NAME |= {errno.EACCES, errno.EPERM, errno.EINVAL}


def main() -> NoReturn:
    """Run the command line and exit; every error of ours is one line on stderr."""
    signal.signal(signal.SIGTERM, _interrupt)
    warnings.filterwarnings("ignore", module=r"PIL\.")  # of damaged metadata: the pixels count
    for stream in (sys.stdout, sys.stderr):  # names of files may be no text
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        code = _build()(args=arguments or ["--help"], prog_name="srgan-edge", standalone_mode=False)
        # Typer turns Ctrl-C into this code by itself.
        return _fail("interrupted", code) if code == _INTERRUPTED else int(code or 0)
    except SrganEdgeError as error:
        return _fail(str(error), error.exit_code)
    except typer.Exit as stop:
        return int(stop.exit_code)
    except TyperException as error:
        return _fail(getattr(error, "format_message", error.__str__)(), InputError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", _INTERRUPTED)
    except MemoryError:
        return _fail("out of memory: a smaller picture, or a smaller --tile, needs less", 1)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        code = InputError.exit_code if error.errno in _OF_A_NAME else 1
        return _fail(f"{error.strerror or error}{where}", code)


@functools.cache
def _build() -> typer.Typer:
    app = typer.Typer(
        name="srgan-edge",
        help="Super-resolution live on cheap hardware: upscale, train, convert, measure.",
        rich_markup_mode=None,  # its boxes take longer than all the rest of --help
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    app.command()(upscale)
    app.command()(webcam)
    _add_commands_from_elsewhere(app)
    app.command()(deploy)
    app.command()(bench)
    app.command("eval")(evaluate)
    app.command()(info)
    app.command()(models)
    app.command()(doctor)
    return app


def _add_commands_from_elsewhere(app: typer.Typer) -> None:
    """`train` and `convert` come from their own distributions, by entry point."""
    found = {point.name: point for point in entry_points(group=COMMANDS_GROUP)}
    for name, folders in _ELSEWHERE.items():
        how = f"in the checkout of srgan-edge, pip install {folders}"
        message = f"not installed here: {how}"
        if name in found:
            try:
                app.command(name)(found[name].load())
                continue
            except Exception as error:  # whatever is wrong with it, the other commands work
                message = f"broken here ({error}): {how}"
        app.command(name, help=message, context_settings=_ANYTHING)(_missing(name, message))


def _missing(name: str, message: str) -> Callable[[], None]:
    def command() -> None:
        raise InputError(f"`{name}` is {message}")

    return command


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"srgan-edge {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def _fail(message: str, code: int) -> int:
    print(f"srgan-edge: {plain(' '.join(message.split()))}", file=sys.stderr)
    return code


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
