"""The installer of `deploy/raspberry-pi` on this machine, below a folder, with a stand-in wheel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers import TESTS, Ran

SCRIPTS = TESTS.parent / "deploy" / "raspberry-pi"
DEFAULTS = '# source = "1"\nsource = "0"\n'
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the installer is for Linux")

# Not imported: setuptools warns of that.
_PIP = Path(sysconfig.get_path("purelib")) / "pip"

# What the stand-in answers; `doctor` fails where its version says so.
_PROGRAM = """
__version__ = "VERSION"

def main():
    import sys
    if sys.argv[1] == "info" and not open(sys.argv[2]).read():
        sys.exit("srgan-edge: no model in it")
    if sys.argv[1] == "doctor" and __version__.startswith("13"):
        sys.exit("error: it does not work")
    print("http://here/#token" if sys.argv[-1] == "--print-url" else f"stand-in {__version__}")
"""

_PYTHON = """
[ "$2" = venv ] || exec {python} "$@"
{python} "$@" --without-pip && ln -s {pip} "$4"/lib/python3*/site-packages/
"""


def stand_in(folder: Path, version: str) -> Path:
    """A wheel without dependencies that has the name and the commands of ours."""
    path = folder / f"srgan_edge-{version}-py3-none-any.whl"
    about = f"srgan_edge-{version}.dist-info"
    files = {
        "srgan_edge/__init__.py": _PROGRAM.replace("VERSION", version),
        "srgan_edge/sources/cameras.py": "print('picamera2')",
        "srgan_edge/models/edge.tflite": "model",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: srgan-edge\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\nsrgan-edge = srgan_edge:main\n",
    }
    record = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(name, text)
    return path


@dataclass
class Place:
    """A folder that is a machine's root, and programs that answer instead of this machine's."""

    root: Path
    programs: Path
    given: Path
    environment: dict[str, str] = field(default_factory=dict)

    def fake(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def command(self, script: str, *arguments: object) -> list[str]:
        there = ["--prefix", str(self.root)]
        return ["bash", str(self.given / script), *there, *map(str, arguments)]

    def everything(self) -> dict[str, str]:
        path = f"{self.programs}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PIP_NO_INDEX": "1", **self.environment}

    def run(self, script: str, *arguments: object) -> Ran:
        done = subprocess.run(
            self.command(script, *arguments),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=self.everything(),
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def install(self, *arguments: object) -> Ran:
        return self.run("install.sh", "--yes", *arguments)

    def has(self, path: str) -> bool:
        return os.path.lexists(self.root / path)

    @property
    def versions(self) -> list[str]:
        """That are there, without their times."""
        there = (self.root / "opt/srgan-edge/versions").iterdir()
        return sorted(path.name.split("-")[0] for path in there)

    @property
    def works(self) -> str:
        """The version that answers."""
        command = [str(self.root / "usr/local/bin/srgan-edge"), "models"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A Debian on which nothing is installed."""
    place = Place(tmp_path / "root", tmp_path / "programs", tmp_path / "given")
    for folder in (place.root / "etc", place.programs, place.given):
        folder.mkdir(parents=True)
    (place.root / "etc/os-release").write_text(DEBIAN)
    # pip comes from here, not out of ensurepip's wheel, and nobody waits for this machine's disk.
    place.fake("python3", _PYTHON.format(python=sys.executable, pip=_PIP))
    place.fake("sync", "exit 0")
    for script in SCRIPTS.glob("*"):
        if script.suffix in (".sh", ".py"):
            shutil.copy(script, place.given)
    (place.given / "constraints.txt").write_text("numpy==2.2.6\n")
    (place.given / "srgan-edge.service").write_text("[Service]\n")
    (place.given / "webcam.toml").write_text(DEFAULTS)
    return place


@pytest.fixture
def wheel(place: Place) -> Path:
    return stand_in(place.given, "1.0")


def assert_one_line(ran: Ran, *words: str, code: int = 2) -> None:
    """It says in one line what is wrong."""
    assert ran.code == code, ran
    assert ran.err.count("\n") == 1, ran.err
    assert ": " in ran.err
    for word in words:
        assert word in ran.err


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh"])
def test_the_shell_finds_nothing_wrong(script: str) -> None:
    checker = ["shellcheck"] if shutil.which("shellcheck") else ["bash", "-n"]
    done = subprocess.run([*checker, str(SCRIPTS / script)], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()
    assert os.access(SCRIPTS / script, os.X_OK)


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh"])
def test_help(place: Place, script: str) -> None:
    ran = place.run(script, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: sudo ./{script}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fast"], ["unknown argument --fast", "--help"]),
        (["--wheel"], ["--wheel needs a name"]),
        (["--wheel", "nowhere.whl"], ["no wheel nowhere.whl"]),
        (["--wheel", "{given}/webcam.toml"], ["is no wheel of srgan-edge"]),
        (["--source", "{given}"], ["is no checkout of srgan-edge"]),
        (["--wheel", "{wheel}", "--source", "x"], ["not both"]),
        (["--model", "mine.keras"], ["no model mine.keras"]),
        (["--model", "{given}/webcam.toml"], ["is no .tflite file"]),
    ],
)
def test_what_cannot_be_asked_for(
    place: Place, wheel: Path, arguments: list[str], words: list[str]
) -> None:
    given = [text.format(given=place.given, wheel=wheel) for text in arguments]
    assert_one_line(place.run("install.sh", *given), *words)


def test_nothing_to_install(place: Place) -> None:
    assert_one_line(place.install(), "nothing to install: give --wheel FILE or --source DIR")


@pytest.mark.parametrize(
    ("missing", "options"),
    [
        ("constraints.txt", []),
        ("webcam.toml", ["--service"]),
        ("srgan-edge.service", ["--service"]),
    ],
)
def test_a_file_is_missing(place: Place, wheel: Path, missing: str, options: list[str]) -> None:
    (place.given / missing).unlink()
    assert_one_line(place.install(*options), missing)


def fake_python(place: Place) -> None:
    place.fake("python3", "case $2 in *version_info*) exit 1 ;; esac; echo 3.9.2")


def fake_missing_venv(place: Place) -> None:
    place.fake("python3", "case $2 in *ensurepip*) exit 1 ;; esac; echo 3.11.2")


def fake_other_system(place: Place) -> None:
    (place.root / "etc/os-release").write_text('PRETTY_NAME="Fedora Linux 43"\nID=fedora\n')


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda place: place.fake("getconf", "echo 32"),
            ["32 bits", "tflite-runtime with numpy < 2", "docs/manual/raspberry-pi.md"],
        ),
        (
            lambda place: place.fake("uname", "echo armv6l"),
            ["no packages for armv6l (Raspberry Pi 1, Zero", "Zero 2 W, 3, 4 or 5 is needed"],
        ),
        (lambda place: place.fake("uname", "echo riscv64"), ["no packages for riscv64"]),
        (lambda place: place.fake("df", "echo; echo / 1 1 12 1 /"), ["12 MB are free", "900"]),
        (fake_python, ["Python 3.9.2 is too old"]),
        (fake_missing_venv, ["apt install python3-venv"]),
        (fake_other_system, ["Fedora Linux 43 is not Debian"]),
    ],
)
def test_machines_that_do_not_do(
    place: Place, wheel: Path, make: Callable[[Place], None], words: list[str]
) -> None:
    make(place)
    assert_one_line(place.install(), *words)
    assert not place.has("opt")


def test_root_is_needed(place: Place, wheel: Path) -> None:
    place.fake("id", "echo 1000")
    for script in ("install.sh", "uninstall.sh"):
        command = place.command(script)[:2]
        done = subprocess.run(
            command, capture_output=True, text=True, env=place.everything(), check=False
        )
        assert_one_line(Ran(done.returncode, done.stdout, done.stderr), "this needs root: sudo")


def test_install_upgrade_and_uninstall(place: Place, wheel: Path) -> None:
    (place.root / "proc/device-tree").mkdir(parents=True)
    (place.root / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    ran = place.install()
    assert ran.code == 0, ran
    assert "machine   Raspberry Pi 5 Model B Rev 1.0\n" in ran.out
    assert "stand-in 1.0\n" in ran.out  # the doctor's word
    assert place.works == "1.0"

    model = place.given / "mine.tflite"
    model.write_text("model")
    wheel.unlink()
    stand_in(place.given, "2.0")
    ran = place.install("--service", "--model", model)
    assert ran.code == 0, ran
    assert place.works == "2.0"
    assert place.versions == ["1.0", "2.0"]
    assert place.has("var/lib/srgan-edge/models/mine.tflite")
    assert place.has("etc/systemd/system/srgan-edge.service")

    configuration = place.root / "etc/srgan-edge/webcam.toml"
    assert configuration.read_text() == '# source = "1"\nsource = "picamera2"\n'
    assert configuration.stat().st_mode & 0o777 == 0o644
    configuration.write_text("# mine\n")
    third = stand_in(place.given, "3.0")
    ran = place.install("--wheel", third, "--service")
    assert ran.code == 0, ran
    assert configuration.read_text() == "# mine\n"
    assert configuration.with_name("webcam.toml.new").read_text() == DEFAULTS
    assert place.versions == ["2.0", "3.0"]

    assert place.run("uninstall.sh").code == 0  # nobody answers: what is somebody's own stays
    assert not place.has("opt/srgan-edge")
    assert not place.has("usr/local/bin/srgan-edge")
    assert not place.has("etc/systemd/system/srgan-edge.service")
    assert configuration.exists()
    assert place.run("uninstall.sh", "--purge").code == 0
    assert not place.has("etc/srgan-edge")
    assert not place.has("var/lib/srgan-edge")


def test_the_old_one_stays_until_the_new_one_is_whole(place: Place, wheel: Path) -> None:
    """A new one that does not work, and a model that does not."""
    assert place.install().code == 0
    broken = place.install("--wheel", stand_in(place.given, "13.0"))
    assert_one_line(broken, "does not work here: error: it does not work", code=1)
    empty = place.given / "empty.tflite"
    empty.touch()
    refused = place.install("--wheel", wheel, "--model", empty)
    assert_one_line(refused, "empty.tflite cannot be used: no model in it")
    assert place.versions == ["1.0"]


@pytest.mark.parametrize(
    "said", ["installing the packages", "trying it", "switching to it", "it is in use"]
)
def test_killed_during_an_upgrade(place: Place, wheel: Path, said: str) -> None:
    """As a power cut would: the old or the new one works, and the next run ends well."""
    assert place.install().code == 0
    second = stand_in(place.given, "2.0")
    kill_after(said, place, second)
    assert place.works in ("1.0", "2.0")
    assert place.works == "1.0" or said in ("switching to it", "it is in use")
    assert place.works == "2.0" or said != "it is in use"
    unfinished = not (next(place.root.glob("opt/srgan-edge/versions/2.0-*")) / "complete").exists()
    ran = place.install("--wheel", second)
    assert ran.code == 0, ran
    assert ("removing what was left unfinished: 2.0-" in ran.out) is unfinished
    assert place.works == "2.0"
    assert len(place.versions) == 2
    assert not [*(place.root / "opt/srgan-edge").glob("*.next")]


def kill_after(said: str, place: Place, wheel: Path) -> None:
    """Run the installer, and kill all of it as soon as it says this."""
    with subprocess.Popen(
        place.command("install.sh", "--yes", "--wheel", wheel),
        stdout=subprocess.PIPE,
        text=True,
        env=place.everything(),
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        assert any(said in line for line in running.stdout)
        os.killpg(running.pid, signal.SIGKILL)


def test_another_program_of_that_name_is_left_alone(place: Place, wheel: Path) -> None:
    other = place.root / "usr/local/bin/srgan-edge"
    other.parent.mkdir(parents=True)
    other.write_text("somebody's\n")
    ran = place.install()
    assert ran.code == 0, ran
    assert "note: there is another" in ran.out
    assert place.run("uninstall.sh", "--yes").code == 0
    assert other.read_text() == "somebody's\n"


# As systemd answers when the service does not show a frame: who waits for its start is told that it
# failed. What is asked for is written down.
_SYSTEMCTL = """
echo "$*" >>{asked}
case "$*" in
  is-active*) exit {active} ;;
  *restart*) case "$*" in *--no-block*) ;; *) exit 1 ;; esac ;;
esac
"""


@pytest.mark.parametrize(
    ("active", "told"),
    [
        (0, "the service runs, after 1 s"),
        (3, "note: the service has not shown a frame yet (is there a camera?)"),
    ],
)
def test_the_service_is_started_with_or_without_a_camera(
    place: Place, wheel: Path, active: int, told: str
) -> None:
    asked = place.programs / "asked"
    (place.root / "run/systemd/system").mkdir(parents=True)
    place.fake("systemctl", _SYSTEMCTL.format(asked=asked, active=active))
    place.fake("sleep", "exit 0")
    ran = place.install("--service")
    assert ran.code == 0, ran
    assert told in ran.out
    assert "to look, open http://here/#token\n" in ran.out
    said = [line for line in asked.read_text().splitlines() if "is-active" not in line]
    assert said == ["daemon-reload", "enable srgan-edge", "restart --no-block srgan-edge"]

    asked.unlink()
    ran = place.install("--wheel", stand_in(place.given, "2.0"))  # an upgrade of what runs
    assert ran.code == 0, ran
    assert asked.read_text() == "try-restart --no-block srgan-edge\n"

    asked.unlink()
    assert place.run("uninstall.sh", "--yes").code == 0
    assert asked.read_text().splitlines() == ["disable --now --quiet srgan-edge", "daemon-reload"]
