"""`srgan-edge deploy`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srgan_edge.errors import InputError, RunError

if TYPE_CHECKING:
    from srgan_edge.remote import Remote

_CHECKOUT = Path(__file__).parents[2]
_INSTALLER = _CHECKOUT / "deploy" / "raspberry-pi"
_MACHINES = ("aarch64", "arm64", "x86_64")
_COMMAND = "opt/srgan-edge/current/bin/srgan-edge"


def deploy(
    address: Annotated[str, typer.Argument(help="user@host, as ssh takes it.")],
    model: Annotated[
        Path | None, typer.Option(help="A .tflite file of yours that goes there as well.")
    ] = None,
    wheel: Annotated[
        Path | None, typer.Option(help="Take this one.  [default: built from the checkout]")
    ] = None,
    service: Annotated[bool, typer.Option(help="Start with the machine, and restart now.")] = True,
    ssh: Annotated[
        list[str] | None, typer.Option("--ssh-option", help="For ssh, as -p2222; again for more.")
    ] = None,
    prefix: Annotated[
        str, typer.Option(help="Folder there that everything goes below.", hidden=True)
    ] = "/",
) -> None:
    """Install on a Raspberry Pi over ssh, restart its service, and say how fast it is."""
    from srgan_edge.leftovers import scratch_folder
    from srgan_edge.model_file import load_model
    from srgan_edge.remote import Remote

    if not (_INSTALLER / "install.sh").exists():
        raise InputError(f"deploy needs the checkout of srgan-edge; {_INSTALLER} is not there")
    if model is not None:
        load_model(model)  # what is damaged is told here, not there
    if wheel is not None and not wheel.is_file():
        raise InputError(f"no wheel {wheel}")
    with scratch_folder() as built, Remote(address, ssh or []) as remote:
        machine = remote.run("uname", "-m").strip()
        typer.echo(f"{address}: {machine}", err=True)
        check_machine(address, machine)
        wheel = wheel or _build(built)
        there = _folder_there(remote)
        try:
            _install(remote, there, wheel, model, service, prefix)
            _report(remote, there, model, prefix)
        finally:
            remote.run("rm", "-rf", there)


def _folder_there(remote: Remote) -> str:
    """A new one in the machine's /tmp. What deployments from here that were killed left is removed.

    Its name says which process of this machine has it, as names of unfinished files do here.
    """
    from srgan_edge.leftovers import is_left_behind, marked

    named = ("-name", "srgan-edge-deploy.*", "-type", "d", "-writable")
    found = remote.run("find", "/tmp", "-maxdepth", "1", *named).splitlines()
    if old := [path for path in found if is_left_behind(Path(path).name)]:
        remote.run("rm", "-rf", *old)
    return remote.run("mktemp", "-d", f"/tmp/{marked('srgan-edge-deploy')}.XXXXXX").strip()


def check_machine(address: str, machine: str) -> None:
    """Before anything is built or sent.

    Raises:
        InputError: there are no packages for it.
    """
    if machine not in _MACHINES:
        raise InputError(
            f"{address} is {machine}, which there are no packages for; accepted are "
            f"{', '.join(_MACHINES)}; what works on 32 bits says docs/manual/raspberry-pi.md"
        )


def _build(folder: Path) -> Path:
    typer.echo("building the wheel", err=True)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--wheel-dir", str(folder), str(_CHECKOUT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise RunError(f"the wheel cannot be built: {said[-1] if said else done.returncode}")
    return next(folder.glob("*.whl"))


def _install(
    remote: Remote, there: str, wheel: Path, model: Path | None, service: bool, prefix: str
) -> None:
    files = [path for path in _INSTALLER.iterdir() if path.is_file()]
    remote.send([*files, _CHECKOUT / "constraints.txt", wheel, *([model] if model else [])], there)
    command = [f"{there}/install.sh", "--yes", "--wheel", f"{there}/{wheel.name}"]
    if model is not None:
        command += ["--model", f"{there}/{model.name}"]
    if service:
        command += ["--service"]
    if prefix != "/":
        command += ["--prefix", prefix]
    root = [] if remote.run("id", "-u").strip() == "0" else ["sudo"]
    remote.run(*root, "bash", *command, shows=True)


def _report(remote: Remote, there: str, model: Path | None, prefix: str) -> None:
    """What the machine's own benchmark says, with all its threads."""
    from srgan_edge.catalogue import CAMERA_MODEL

    name = f"{there}/{model.name}" if model else CAMERA_MODEL
    options = ("--calls-only", "--runs", "20", "--json", "bench.json")
    command = (f"{prefix.rstrip('/')}/{_COMMAND}", "bench", name, *options)
    # In that folder: by its whole name, one that a kill here left running would make it again.
    remote.run("env", "-C", there, *command)
    report = json.loads(remote.run("cat", f"{there}/bench.json"))
    board = report["machine"]["model"] or report["machine"]["processor"]
    (one,) = report["candidates"]
    typer.echo(
        f"{board}: {one['model'].rsplit('/', 1)[-1]} {one['fps']:.1f} frames/s "
        f"at {one['width']}x{one['height']} with {one['threads']} threads"
    )
