"""An arm64 Debian in a folder, emulated: a Raspberry Pi's system on another machine.

64-bit Raspberry Pi OS has Debian arm64's userland. The kernel hands its programs to qemu.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from helpers import Ran

BOARDS = {"rpi4": "cortex-a72", "rpi5": "cortex-a76"}  # as qemu calls their processors
WHEELS = "/wheels"  # where a system sees the cached ones
_PACKAGES = "python3,python3-venv,ca-certificates"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
# Debian's own rule: one without its flags does not start the programs of a chroot.
_RULE = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
_TOOLS = {"debootstrap": "debootstrap", "qemu-aarch64-static": "qemu-user-static"}
_CERTIFICATES = "/etc/ssl/certs/of-the-host.crt"
# Mounts in a mount namespace of its own, which is gone when the command is: nothing is left to
# undo, whatever happens. Without /sys XNNPACK stays off, with the host's cpuinfo it crashes.
_ENTER = """
root=$1 cpuinfo=$2 wheels=$3
shift 3
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount --bind "$cpuinfo" "$root/proc/cpuinfo"
mount --bind "$wheels" "$root/wheels"
exec chroot "$root" "$@"
"""


class UnavailableError(Exception):
    """It cannot be had here, and why."""


@dataclass(frozen=True)
class Peak:
    """A command that ran, and the most memory that its process had, in MB."""

    ran: Ran
    megabytes: float


@dataclass(frozen=True)
class Debian:
    """One system: its folder, the wheels it installs from, and the boards' /proc/cpuinfo."""

    root: Path
    wheels: Path
    cpuinfo: Path

    def run(
        self,
        *command: object,
        board: str = "rpi4",
        timeout: float = 1800,
        environment: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run a command in it, as that board."""
        done = subprocess.run(
            self.words(command, board),
            env=self._environment(board, environment),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def must(self, *command: object, board: str = "rpi4", **environment: str) -> str:
        """Run a command that has to succeed; what it printed."""
        ran = self.run(*command, board=board, environment=environment)
        assert ran.code == 0, (command, ran.out[-2000:], ran.err[-2000:])
        return ran.out

    def peak(self, *command: object, board: str = "rpi4") -> Peak:
        """Run a command, and watch its memory."""
        return peak_memory(self.words(command, board), self._environment(board))

    def run_until(self, command: Sequence[object], said: str, seconds: float) -> str:
        """Run a command, and kill all of it some time after it said something; what it said."""
        started = subprocess.Popen(
            self.words(command, "rpi4"),
            env=self._environment("rpi4"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        with started as running:
            assert running.stdout is not None
            heard = _read_until(running.stdout, said)
            time.sleep(seconds)
            os.killpg(running.pid, signal.SIGKILL)
            heard += running.stdout.read()
        assert running.returncode in (0, -signal.SIGKILL), heard
        return heard

    def words(self, command: Sequence[object], board: str) -> list[str]:
        """The whole command."""
        enter = ["unshare", "--mount", "--propagation", "private", "sh", "-e", "-c", _ENTER, "sh"]
        places = [str(self.root), str(self.cpuinfo / f"cpuinfo.{board}"), str(self.wheels)]
        return [*enter, *places, *map(str, command)]

    def _environment(self, board: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "QEMU_CPU": BOARDS[board],
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": WHEELS,
            **(more or {}),
        }


def peak_memory(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Peak:
    """Run a command, and watch its process in /proc; getrusage would count its parent's memory."""
    started = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    most = 0.0
    with started as running:
        answer: list[tuple[str, str]] = []
        reading = threading.Thread(target=lambda: answer.append(running.communicate()))
        reading.start()
        while reading.is_alive():
            most = max(most, _high_water(running.pid))
            reading.join(0.02)
    out, err = answer[0]
    return Peak(Ran(running.returncode, out, err), most)


def _high_water(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    # In kB. It is counted anew from `exec` on.
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def _read_until(stream: IO[str], said: str) -> str:
    heard = ""
    for line in stream:
        heard += line
        if said in line:
            return heard
    raise AssertionError(f"it never said {said!r}: {heard}")


def prepare_host() -> None:
    """Make this machine able to run arm64 programs.

    Raises:
        UnavailableError: it is not, and cannot be made so here.
    """
    if os.geteuid() != 0:
        raise UnavailableError("a chroot with mounts needs root")
    missing = [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    if missing:
        _apt_install(missing)
    if not (_BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)], check=False)
    if not (_BINFMT / "qemu-aarch64").exists():
        try:
            (_BINFMT / "register").write_bytes(_RULE.read_bytes())
        except OSError as error:
            raise UnavailableError(f"the kernel takes no emulator: {error}") from None


def _apt_install(packages: Sequence[str]) -> None:
    if shutil.which("apt-get") is None:
        raise UnavailableError(f"not here: {' '.join(packages)}")
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-q"], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"apt-get cannot install {' '.join(packages)}: {done.stderr[-300:]}")


def build(suite: str, cache: Path) -> Path:
    """The system's folder, from the cache if it was made of the same.

    Raises:
        UnavailableError: no mirror, or it does not answer.
    """
    folder, stamp = cache / suite, cache / f"{suite}.stamp"
    made_of = f"{suite} arm64 minbase {_PACKAGES}\n"
    if stamp.exists() and stamp.read_text() == made_of and folder.is_dir():
        return folder
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    command = ["debootstrap", "--arch=arm64", "--variant=minbase", f"--include={_PACKAGES}"]
    # debootstrap mounts as well: in a namespace that ends with it.
    alone = ["unshare", "--mount", "--propagation", "private"]
    words = [*alone, *command, suite, str(folder), _mirror()]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stdout.strip().splitlines()[-1:]
        raise UnavailableError(f"debootstrap of {suite} failed: {' '.join(last)}")
    (folder / WHEELS.lstrip("/")).mkdir()
    for archive in folder.glob("var/cache/apt/archives/*.deb"):
        archive.unlink()
    stamp.write_text(made_of)
    return folder


def _mirror() -> str:
    """Where this machine itself has Debian from."""
    if given := os.environ.get("DEBIAN_MIRROR"):
        return given
    told = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)"
    command = ["apt-get", "indextargets", "--format", told, "Created-By: Packages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        origin, label, component, address = line.split("|")
        if (origin, label, component) == ("Debian", "Debian", "main"):
            return address
    raise UnavailableError("apt has no Debian mirror here: set DEBIAN_MIRROR")


def download_wheels(system: Debian, wheel: Path, constraints: Path) -> None:
    """Fetch what the wheel needs with the system's own pip, once; what is there is taken.

    Raises:
        UnavailableError: the index does not answer.
    """
    stamp = system.wheels.with_suffix(".stamp")
    made_of = hashlib.sha256(constraints.read_bytes() + _requirements(wheel)).hexdigest() + "\n"
    if stamp.exists() and stamp.read_text() == made_of:
        return
    stamp.unlink(missing_ok=True)
    for path in (wheel, constraints):
        shutil.copy(path, system.root / "tmp")
    system.must("python3", "-m", "venv", "/tmp/pip")
    wanted = ["-c", f"/tmp/{constraints.name}", "-d", WHEELS, f"/tmp/{wheel.name}"]
    pip = ["/tmp/pip/bin/pip", "download", "--only-binary=:all:", *wanted]
    ran = system.run(*pip, environment=_pip_settings(system))
    if ran.code:
        raise UnavailableError(f"pip download failed: {ran.err.strip()[-500:]}")
    (system.wheels / wheel.name).unlink()
    shutil.rmtree(system.root / "tmp" / "pip")
    stamp.write_text(made_of)


def _requirements(wheel: Path) -> bytes:
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(metadata).splitlines()
    return b"\n".join(line for line in lines if line.startswith(b"Requires-Dist"))


def _pip_settings(system: Debian) -> dict[str, str]:
    """This machine's index, certificates and proxies, for the system's pip."""
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", system.root / "etc")
    command = ["pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    told = dict(line.split("=", 1) for line in listed.splitlines() if "=" in line)
    kept = {key.rsplit(".", 1)[-1]: value.strip("'") for key, value in told.items()}
    settings = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_DEFAULT_TIMEOUT": "180"}
    for key in ("index-url", "extra-index-url", "trusted-host", "proxy"):
        # What lies on this machine's disk is not in the system's.
        if key in kept and "file:" not in kept[key]:
            settings[f"PIP_{key.replace('-', '_').upper()}"] = kept[key]
    if "cert" in kept:
        shutil.copy(kept["cert"], system.root / _CERTIFICATES.lstrip("/"))
        settings["PIP_CERT"] = _CERTIFICATES
    proxies = ("http_proxy", "https_proxy", "no_proxy")
    names = [*proxies, *(name.upper() for name in proxies)]
    return settings | {name: os.environ[name] for name in names if name in os.environ}


def folder_megabytes(folder: Path) -> float:
    """What a folder takes on the disk, in MB of a million bytes."""
    told = subprocess.run(["du", "-s", "-B1", folder], capture_output=True, text=True, check=True)
    return int(told.stdout.split()[0]) / 1e6


def last_json(text: str) -> dict[str, Any]:
    """What a script printed in its last line."""
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found
