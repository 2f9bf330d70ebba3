"""Frames a second of boards: between the ends of the estimates, or as somebody measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import TESTS

from benchmarks.board_estimates import BOARDS, Estimate
from benchmarks.boards_rates import MODELS, plot_rates, rate_table, rates
from benchmarks.contributed_results import Measured

PAGE = TESTS.parent / "docs" / "manual" / "raspberry-pi.md"
EXPECTED = {model: {board.name: Estimate(20.0, 160.0) for board in BOARDS} for model in MODELS}
PI_5 = Measured("Raspberry Pi 5 Model B Rev 1.0", "edge-tiny", (320, 180), 4, 8.0, "2026-12-31")


def cells(table: str) -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return {board: rest for board, *rest in rows}


def test_each_rate_says_whether_it_was_measured() -> None:
    found = cells(rate_table(rates(EXPECTED, [PI_5])))
    assert found["Raspberry Pi 5"] == ["predicted: 6.2 to 50", "measured: 125"]
    assert found["Raspberry Pi 4 B"] == ["predicted: 6.2 to 50"] * 2
    assert len(found) == len(BOARDS)
    another = [Measured(**{**vars(PI_5), "size": (160, 90)})]
    assert "measured" not in rate_table(rates(EXPECTED, another))


def test_the_plot_has_bars_where_the_table_has_ranges() -> None:
    def coloured(measured: list[Measured]) -> int:
        picture = cv2.imdecode(
            np.frombuffer(plot_rates(rates(EXPECTED, measured)), np.uint8), cv2.IMREAD_COLOR
        )
        assert picture is not None
        return int((np.ptp(picture.astype(int), axis=2) > 60).sum())

    bars = coloured([])
    assert bars > 20_000
    assert coloured([PI_5]) < 0.95 * bars  # a dot is less than a bar


def test_the_guide_says_what_the_command_says(data_sets: Path) -> None:
    table = data_sets.parent / "boards" / "esr_rpi400.csv"
    if not table.is_file():
        pytest.skip(f"no table of the Raspberry Pi 400 at {table}")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.boards", str(table)],
        capture_output=True,
        text=True,
        cwd=TESTS.parent,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.split("frames a second of the models for cameras")[1].strip()
    written = PAGE.read_text().split("<!-- rates -->")[1].split("<!-- end -->")[0].strip()
    assert written == said
