"""Another machine, through the person's own `ssh`: its keys, its configuration, its questions."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from srgan_edge.errors import InputError, RunError
from srgan_edge.leftovers import scratch_folder

_UNREACHABLE = 255  # ssh's own exit code; others are the remote command's


class Remote:
    """A machine that is logged in to once, for as many commands as there are; a context manager.

    with Remote("pi@raspberrypi") as remote:
        remote.run("uname", "-m")
    """

    def __init__(self, address: str, options: Sequence[str] = ()) -> None:
        """Get ready; nothing is contacted before the first command.

        Args:
            address: user@host, or a name of `~/.ssh/config`.
            options: of ssh, as ("-p", "2222").

        Raises:
            InputError: no address, or no ssh on this machine.
        """
        if not address or address.startswith("-"):
            raise InputError(f"an address must be user@host, got {address!r}")
        if shutil.which("ssh") is None:
            raise InputError("no ssh here: apt-get install openssh-client")
        self.address = address
        self._folder = ExitStack()
        # ssh makes its sockets with more behind the name, and that may have 107 characters at most.
        shared = self._folder.enter_context(scratch_folder()) / "c"
        # One connection for all: a password is asked for once.
        control = ("ControlMaster=auto", "ControlPersist=60", f"ControlPath={shared}")
        self._ssh = ["ssh", *options, *(part for one in control for part in ("-o", one))]

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Log out."""
        command = [*self._ssh, "-O", "exit", self.address]
        subprocess.run(command, capture_output=True, check=False)
        self._folder.close()

    def run(self, *command: str, shows: bool = False) -> str:
        """Run a command there, and return what it printed.

        Args:
            command: its words, quoted for the shell there.
            shows: people see its output as it comes, and may answer (a password); then nothing is
                returned.

        Raises:
            RunError: the machine cannot be reached, or the command failed, with its first words.
        """
        terminal = ["-t"] if shows else []
        words = [*self._ssh, *terminal, self.address, "--", shlex.join(command)]
        if shows:
            done = subprocess.run(words, text=True, check=False)
        else:
            done = subprocess.run(words, text=True, capture_output=True, check=False)
        if done.returncode:
            self._fail(f"`{command[0]}` failed there", done)
        return done.stdout or ""

    def send(self, files: Iterable[Path], folder: str) -> None:
        """Copy files into a folder there, which exists.

        Raises:
            RunError: it cannot be reached, or its disk is full, say.
        """
        given = {path.name: path for path in files}
        if len(given) == 0:
            return
        archive = ["tar", "-c", "-h"]
        for name, path in given.items():
            archive += ["-C", str(path.resolve().parent), name]
        there = shlex.join(["tar", "-x", "-C", folder])
        with subprocess.Popen(archive, stdout=subprocess.PIPE) as packing:
            done = subprocess.run(
                [*self._ssh, self.address, "--", there],
                stdin=packing.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode or packing.returncode:
            self._fail("the files could not be copied", done)

    def _fail(self, what: str, done: subprocess.CompletedProcess[str]) -> None:
        said = (done.stderr or done.stdout or "").strip().splitlines()
        words = f": {said[0]}" if said else ""
        if done.returncode == _UNREACHABLE:
            raise RunError(f"cannot reach {self.address}{words}")
        raise RunError(f"{self.address}: {what} ({done.returncode}){words}")
