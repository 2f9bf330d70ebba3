from __future__ import annotations

from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from srgan_edge.errors import InputError
from srgan_edge_train.metrics import Metrics, plot, read_metrics, write_metrics

NUMBER = st.floats(width=32, allow_nan=False)
MAYBE = st.none() | NUMBER
LINES = st.lists(
    st.builds(
        Metrics,
        step=st.integers(0, 10**8),
        loss=NUMBER,
        pixel=MAYBE,
        content=MAYBE,
        adversarial=MAYBE,
        d_loss=MAYBE,
        d_accuracy=MAYBE,
        psnr=NUMBER,
        lpips=MAYBE,
        learning_rate=NUMBER,
        seconds=NUMBER,
    ),
    max_size=5,
)
LINE = Metrics(
    step=6,
    loss=0.5,
    pixel=0.25,
    content=None,
    adversarial=None,
    d_loss=None,
    d_accuracy=None,
    psnr=28.0,
    lpips=None,
    learning_rate=0.001,
    seconds=1.5,
)
ADVERSARIAL = replace(LINE, content=0.2, adversarial=0.7, d_loss=0.6, d_accuracy=0.75, lpips=0.125)


def steps(count: int, line: Metrics = LINE) -> list[Metrics]:
    return [
        replace(line, step=6 * number, loss=line.loss / 2**number) for number in range(1, count + 1)
    ]


def in_single_precision(line: Metrics) -> list[np.float32 | int | None]:
    return [
        value if value is None or isinstance(value, int) else np.float32(value)
        for value in asdict(line).values()
    ]


@settings(max_examples=40)
@given(LINES)
def test_what_is_written_is_read_back_to_the_float32(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Metrics]
) -> None:
    path = tmp_path_factory.mktemp("metrics") / "metrics.csv"
    write_metrics(path, lines)
    found = read_metrics(path, until=10**8)
    assert list(map(in_single_precision, found)) == list(map(in_single_precision, lines))
    # So a run that is resumed writes the lines before it again as they were.
    before = path.read_bytes()
    write_metrics(path, found)
    assert path.read_bytes() == before


def test_the_table_says_what_its_columns_are(tmp_path: Path) -> None:
    write_metrics(tmp_path / "metrics.csv", [ADVERSARIAL, LINE])
    head, first, second = (tmp_path / "metrics.csv").read_text().splitlines()
    assert head.split(",") == [field.name for field in fields(Metrics)]
    assert first == "6,0.5,0.25,0.2,0.7,0.6,0.75,28,0.125,0.001,1.5"
    assert second == "6,0.5,0.25,,,,,28,,0.001,1.5"
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]


def test_what_came_after_the_checkpoint_is_left_out(tmp_path: Path) -> None:
    write_metrics(tmp_path / "metrics.csv", steps(4))
    for until, count in ((5, 0), (6, 1), (17, 2), (18, 3), (99, 4)):
        assert read_metrics(tmp_path / "metrics.csv", until) == steps(4)[:count]


def test_a_run_without_a_validation_has_no_lines(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "metrics.csv", 99) == []
    write_metrics(tmp_path / "metrics.csv", [])
    assert read_metrics(tmp_path / "metrics.csv", 99) == []


HEAD = ",".join(field.name for field in fields(Metrics))


@pytest.mark.parametrize(
    "content",
    [
        b"step,loss,psnr\n6,0.5,28\n",
        f"{HEAD}\nsix,0.5,0.25,,,,,28,,0.001,1.5\n".encode(),
        f"{HEAD}\n6,half,0.25,,,,,28,,0.001,1.5\n".encode(),
        f"{HEAD}\n,0.5,0.25,,,,,28,,0.001,1.5\n".encode(),
        f"{HEAD}\n6,0.5,0.25,,,,,28,,0.001,1.5,9\n".encode(),
        f"{HEAD},extra\n6,0.5,0.25,,,,,28,,0.001,1.5,9\n".encode(),
        b"\x89PNG\r\n\xff\xff\n\x00",
        f"{HEAD}\n6,0.5,0.25,,,,".encode(),
        f"{HEAD}\n6,,0.25,,,,,,,0.001,1.5\n".encode(),
    ],
)
def test_a_damaged_table_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "metrics.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"metrics\.csv is damaged"):
        read_metrics(tmp_path / "metrics.csv", 99)


def test_a_fidelity_line_speaks_of_loss_and_quality() -> None:
    assert LINE.summary() == "step 6: loss 0.5000, validation PSNR 28.000 dB"


def test_an_adversarial_line_speaks_of_both_sides() -> None:
    assert ADVERSARIAL.summary() == (
        "step 6: g_loss 0.5000, d_loss 0.6000, d_accuracy 0.75, validation PSNR 28.000 dB, "
        "LPIPS 0.1250"
    )


def size_of_plot(path: Path, lines: list[Metrics]) -> tuple[int, int]:
    plot(path, lines, "a run", {"psnr": 27.0, "lpips": None})
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.std() > 5  # something is drawn
    return picture.size


def test_the_plot_has_a_panel_for_each_kind_of_figure_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    plain, height = size_of_plot(path, steps(4))
    judged, _ = size_of_plot(path, steps(4, replace(LINE, lpips=0.3)))
    whole, same = size_of_plot(path, steps(4) + steps(8, ADVERSARIAL)[4:])
    assert height == same
    assert plain < judged < whole
    assert whole == pytest.approx(2 * plain, abs=2)  # losses and PSNR; discriminator and LPIPS
    assert [found.name for found in tmp_path.iterdir()] == ["curves.png"]


def test_a_single_line_and_odd_figures_can_be_plotted(tmp_path: Path) -> None:
    size_of_plot(tmp_path / "one.png", [ADVERSARIAL])
    perfect = replace(ADVERSARIAL, step=12, psnr=float("inf"), loss=0.0, content=0.0)
    size_of_plot(tmp_path / "odd.png", [ADVERSARIAL, perfect])
