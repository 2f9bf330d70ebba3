"""Another machine over a real ssh."""

from __future__ import annotations

from pathlib import Path

import pytest

from srgan_edge.errors import InputError, RunError
from srgan_edge.remote import Remote
from tests.deploy.conftest import Machine


def test_commands_and_files(machine: Machine, tmp_path: Path) -> None:
    odd = tmp_path / "a name with 'quotes' and $signs"
    odd.write_bytes(bytes(range(256)))
    (tmp_path / "there").mkdir()
    with Remote(machine.address, machine.options) as remote:
        assert remote.run("echo", "$HOME", "a  b") == "$HOME a  b\n"
        remote.send([odd], str(tmp_path / "there"))
        assert (tmp_path / "there" / odd.name).read_bytes() == odd.read_bytes()


def test_one_login_serves_all(machine: Machine) -> None:
    with Remote(machine.address, machine.options) as remote:
        connections = {remote.run("sh", "-c", "echo $SSH_CONNECTION") for _ in range(3)}
    assert len(connections) == 1


def test_what_fails_there_is_told(machine: Machine, tmp_path: Path) -> None:
    with Remote(machine.address, machine.options) as remote:
        with pytest.raises(RunError, match=r"`ls` failed there \(2\): .*/nowhere"):
            remote.run("ls", "/nowhere")
        with pytest.raises(RunError, match=r"could not be copied \(2\): .*nowhere"):
            remote.send([tmp_path], "/nowhere")


def test_nobody_there() -> None:
    with (
        Remote("nobody@127.0.0.1", ("-p", "1", "-o", "BatchMode=yes")) as remote,
        pytest.raises(RunError, match=r"cannot reach nobody@127\.0\.0\.1: .*refused"),
    ):
        remote.run("true")


@pytest.mark.parametrize("address", ["", "-oProxyCommand=x"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InputError, match="must be user@host"):
        Remote(address)
