"""What all tests share: the sample pictures, the data sets, a trained run."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from helpers import SAMPLES, TESTS, run_cli, write_tiny_recipe

from srgan_edge.lpips import Lpips

_SHARED = Path(os.environ.get("SRGAN_EDGE_DATA", TESTS.parent.parent / "shared"))
# Started in the background of a shell, the tests and what they start would ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Fast ones first.
_ORDER = ("srgan_edge", "train", "convert", "benchmarks", "road")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The runtime's tests before those that train."""

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(TESTS).parts[0]
        return _ORDER.index(folder) if folder in _ORDER else len(_ORDER)

    items.sort(key=place)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The pictures that the repository ships."""
    return SAMPLES


@pytest.fixture(scope="session")
def data_sets() -> Path:
    """The data sets: `SRGAN_EDGE_DATA`, or `../shared` beside the checkout."""
    if not (_SHARED / "data" / "eval").is_dir():
        pytest.skip(f"no data sets at {_SHARED}: set SRGAN_EDGE_DATA")
    return _SHARED / "data"


@pytest.fixture(scope="session")
def lpips_weights() -> Path:
    """LPIPS's AlexNet weights, beside the data sets."""
    path = _SHARED / "weights" / "lpips_alex.npz"
    if not path.is_file():
        pytest.skip(f"no LPIPS weights at {path}: set SRGAN_EDGE_DATA")
    return path


@pytest.fixture(scope="session")
def judge(lpips_weights: Path) -> Lpips:
    """LPIPS with them."""
    return Lpips(lpips_weights)


@pytest.fixture(scope="session")
def tiny_run(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder, trained for a few steps on the sample photographs."""
    folder = tmp_path_factory.mktemp("tiny")
    recipe = write_tiny_recipe(folder)
    ran = run_cli("train", samples / "photos", "-o", folder / "run", "--recipe", recipe)
    assert ran.code == 0, ran.err
    return folder / "run"
