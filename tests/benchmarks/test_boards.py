"""The cost model of small boards, held against what is known without it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import asdict, astuple, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from helpers import TESTS, run_cli

from benchmarks.board_estimates import BOARDS, PI_400, estimate, int8_layers
from benchmarks.boards_report import board_table
from benchmarks.contributed_results import SCHEMA, read_results
from benchmarks.cost_model import Costs, Fit, accuracy, fit, power_law
from benchmarks.esr_models import OUTPUT, network
from benchmarks.network_layers import (
    Convolution,
    Elementwise,
    TransposedConvolution,
    amounts,
    macs,
    parameters,
)
from benchmarks.timed_networks import fitting
from srgan_edge.catalogue import embedded_models
from srgan_edge.errors import InputError
from srgan_edge.model_file import load_model

# From the paper's table.
PARAMETERS = {
    "Bicubic_s2": 104,
    "Bicubic_s3": 234,
    "Bicubic_s4": 416,
    "ESPCN_s2_D0_S15": 694,
    "ESPCN_s2_D10_S15": 2169,
    "ESPCN_s2_D11_S21": 3146,
    "FSRCNN_s2_D19_S12_M4": 7760,
    "FSRCNN_s2_D19_S1_M1": 2106,
    "FSRCNN_s2_D32_S12_M1": 5549,
    "eSR-CNN_s2_C2_D1_S12": 1874,
    "eSR-CNN_s2_C2_D5_S15": 2980,
    "eSR-MAX_s2_K3_C16": 576,
    "eSR-TM_s2_K3_C11": 792,
    "eSR-TR_s2_K3_C5": 540,
}
# Of no board: what the fit has to find again.
COSTS = Costs(
    overhead=4e-3, byte=9e-10, mac=5e-11, far=9e-9, deep=8e-10, tanh=2e-8, exp=4e-9, plane=2e-11
)
NAMES = [
    *(f"ESPCN_s{s}_D{d}_S{c}" for s in (2, 3, 4) for d in (0, 3, 12, 28) for c in (6, 24, 32)),
    *(f"FSRCNN_s{s}_D{d}_S{c}_M4" for s in (2, 4) for d in (6, 19, 32, 56) for c in (3, 12)),
    *(f"eSR-CNN_s{s}_C{c}_D3_S{d}" for s in (2, 3) for c in (2, 8) for d in (3, 15)),
    *(f"eSR-MAX_s{s}_K{k}_C{c}" for s in (2, 4) for k in (3, 7) for c in (1, 5, 16)),
    *(f"eSR-TM_s{s}_K{k}_C{c}" for s in (2, 4) for k in (3, 7) for c in (1, 5, 16)),
    *(f"eSR-TR_s{s}_K{k}_C{c}" for s in (2, 4) for k in (3, 7) for c in (1, 5, 16)),
]


@pytest.mark.parametrize(("name", "count"), PARAMETERS.items())
def test_the_layers_have_the_parameters_of_the_paper_s_table(name: str, count: int) -> None:
    assert parameters(network(name)) == count


@pytest.mark.parametrize("name", ["VDSR_s2", "ESPCN_s2_D3", "eSR-TM_K3_C2", "ESPCN", ""])
def test_another_network_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no network of the table"):
        network(name)


def test_the_work_of_a_convolution_by_hand() -> None:
    # 1,000 pixels, 3 channels to 5, 5x5: 75 products for each output, 3,750 bytes of kernels
    # and biases less the biases of none.
    layer = Convolution(1000, 3, 5, 5)
    work = layer.work
    assert layer.macs == work.macs == 375_000
    assert layer.parameters == 380
    assert work.moved == 4 * (3000 + 5000 + 75_000 + 380)
    assert work.far == 1000 * (75 - 32)
    assert work.deep == work.tanh == work.exp == work.planes == 0


def test_a_convolution_of_one_pixel_has_its_input_for_a_matrix() -> None:
    work = Convolution(1000, 40, 5, 1, biased=False).work
    assert work.moved == 4 * (40_000 + 5000 + 200)
    assert work.far == 8000


def test_depth_beyond_128_costs_more_but_for_32_outputs() -> None:
    assert Convolution(10, 16, 24, 3).work.deep == 10 * 24 * 16
    assert Convolution(10, 16, 32, 3).work.deep == 0
    assert Convolution(10, 14, 24, 3).work.deep == 0


def test_a_transposed_convolution_by_hand() -> None:
    layer = TransposedConvolution(100, 40, 9, 2)
    assert layer.macs == 100 * 40 * 81
    assert layer.parameters == 3241
    assert layer.work.moved == 4 * (4000 + 400 + 3241) + 20 * 8100
    assert layer.work.far == 800


def test_a_network_is_the_sum_of_its_layers() -> None:
    found = dict(zip(asdict(COSTS), amounts(network("eSR-MAX_s2_K3_C16")), strict=True))
    assert found["overhead"] == 1
    assert found["mac"] == OUTPUT // 4 * 9 * 64 == macs(network("eSR-MAX_s2_K3_C16"))
    shuffle_and_maximum = 4 * OUTPUT * (16 + 16 + 16 + 3)
    assert found["plane"] == 12 * shuffle_and_maximum
    convolution = 4 * (OUTPUT // 4 * (1 + 64 + 9) + 576)
    assert found["byte"] == shuffle_and_maximum + convolution


def test_the_fit_finds_the_costs_that_made_the_latencies() -> None:
    work = np.stack([amounts(network(name)) for name in NAMES])
    found = fit(work, COSTS.seconds(work))
    np.testing.assert_allclose(astuple(found.costs), astuple(COSTS), rtol=1e-6)
    assert max(astuple(found.errors)) < 1e-6


def test_the_fit_says_how_sure_it_is() -> None:
    work = np.stack([amounts(network(name)) for name in NAMES])
    noise = np.random.default_rng(0).normal(0, 0.05, len(NAMES))
    found = fit(work, COSTS.seconds(work) * np.exp(noise))
    off = np.array(astuple(found.costs)) / astuple(COSTS) - 1
    assert (np.abs(off) < 4 * np.array(astuple(found.errors))).all()
    assert 0.005 < found.errors.byte < 0.05


def test_a_cost_is_never_negative() -> None:
    work = np.stack([amounts(network(name)) for name in NAMES])
    gain = replace(COSTS, overhead=-0.02)  # what less than nothing would explain best
    found = fit(work, gain.seconds(work))
    assert found.costs.overhead == found.errors.overhead == 0
    assert min(astuple(found.costs)[1:]) > 0


def test_the_halves_share_nothing_and_stay_the_same() -> None:
    fitted = fitting(NAMES)
    assert 0.35 < fitted.mean() < 0.65
    backwards = fitting(NAMES[::-1])
    np.testing.assert_array_equal(fitted, backwards[::-1])
    # By `printf NAME | sha256sum`, which ends with 92bc8, 9d878 and ab1cd.
    assert fitting(["Bicubic_s2", "ESPCN_s2_D0_S15", "ESPCN_s2_D0_S9"]).tolist() == [
        True,
        True,
        False,
    ]


def test_accuracy_by_hand() -> None:
    measured = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    found = accuracy(measured * [1.1, 0.8, 1.0, 1.3, 1.0], measured)
    assert found.median == pytest.approx(0.1)
    assert found.tail == pytest.approx(0.26)
    assert found.rank == pytest.approx(1)
    assert accuracy(np.array([1.0, 3.0, 2.0]), measured[:3]).rank == pytest.approx(0.5)
    assert accuracy(measured[:2], measured[:2]).rank is None


def test_a_power_law_is_found() -> None:
    amount = np.array([1.0, 3.0, 10.0, 50.0])
    chosen = np.array([True, True, False, False])
    np.testing.assert_allclose(power_law(amount, 2 * amount**0.7, chosen), 2 * amount**0.7)


def test_more_macs_take_longer_everywhere() -> None:
    for board in BOARDS:
        times = [
            estimate([Convolution(57_600, 32, outputs, 3)], board, COSTS)
            for outputs in (8, 16, 32, 64)
        ]
        assert all(one.fast < one.slow for one in times)
        for less, more in pairwise(times):
            assert less.fast < more.fast
            assert less.slow < more.slow


def test_an_estimate_by_hand() -> None:
    # 90 million MACs; a Pi 400 does 57.6e9 in int8. COSTS has 20e9 in float32, of 28.8e9.
    layers = [Convolution(100_000, 10, 10, 3, biased=False)]
    found = estimate(layers, PI_400, COSTS)
    moved = 2_000_000 + 900
    assert found.fast == pytest.approx(90e6 / 57.6e6 / (20 / 28.8) + moved / 12.8e6)
    reached = 569 / 24 / 48
    assert found.slow == pytest.approx(90e6 / 57.6e6 / reached + moved * 9e-7)


def test_the_embedded_models_have_the_macs_of_their_facts() -> None:
    for name in embedded_models():
        model = load_model(name)
        layers = int8_layers(model, 8, 6)
        assert macs(layers) == model.facts.macs * 48
        assert layers[-1] == Elementwise(48 * 48, 48 * 48)  # depth to space


def result(machine: str, **changed: Any) -> dict[str, Any]:
    """What `srgan-edge bench --json` writes, of one candidate."""
    times = {f"{name}_ms": 1.5 for name in ("load", "first", "warm", "p50", "p90", "p99")}
    ratios = {"ratio": 1.0, "ratio_low": 1.0, "ratio_high": 1.0}
    candidate = {
        "model": "edge", "sha256": "0", "format": "int8", "accelerator": "cpu", "threads": 4,
        "width": 320, "height": 180, **times, "fps": 9.5, "conversion_share": 0.1,
        "peak_mb": 80.0, "end_to_end_fps": None, **ratios,
    }  # fmt: skip
    computer = {
        "model": machine, "processor": "", "architecture": "aarch64", "cores": 4, "os": "Linux",
        "python": "3.11", "litert": "2.0", "governor": None, "temperature_c": 51.5,
        "throttled": None,
    }  # fmt: skip
    content = {"version": 1, "date": "2026-12-31", "machine": computer, "frames": 30}
    return {**content, "candidates": [{**candidate, **changed}]}


def write_result(folder: Path, name: str, *contents: dict[str, Any]) -> None:
    """A results file; the candidates of several contents in one."""
    together = {**contents[0], "candidates": [one["candidates"][0] for one in contents]}
    (folder / f"{name}.json").write_text(json.dumps(together))


def board_rows(folder: Path) -> dict[str, str]:
    """What the table of boards says of edge, by board."""
    expected = {"edge": {one.name: estimate([], one, COSTS) for one in BOARDS}}
    lines = board_table(expected, read_results(folder)).splitlines()[2:]
    cells = [line.split("|") for line in lines]
    return {one[1].split(",")[0].strip(): one[3].strip() for one in cells}


def test_a_measured_time_takes_the_estimate_s_place(tmp_path: Path) -> None:
    pi = "Raspberry Pi 4 Model B Rev 1.4"
    times = {1: 300.0, 3: 101.25, 4: 110.0}
    found = [result(pi, threads=count, p50_ms=time) for count, time in times.items()]
    write_result(tmp_path, "new", *found)
    write_result(tmp_path, "old", {**result(pi, p50_ms=50.0), "date": "2026-11-30"})
    write_result(tmp_path, "gpu", result(pi, p50_ms=20.0, accelerator="gpu"))
    write_result(tmp_path, "size", result(pi, p50_ms=25.0, width=160))
    write_result(tmp_path, "other", result("Orange Pi 9", p50_ms=77.0))
    rows = board_rows(tmp_path)
    assert rows["Raspberry Pi 4 B"] == "measured: 101.2 ms, 3 threads, 2026-12-31"
    assert rows["Orange Pi 9"] == "measured: 77.0 ms, 4 threads, 2026-12-31"
    others = [
        cell for name, cell in rows.items() if name not in ("Raspberry Pi 4 B", "Orange Pi 9")
    ]
    assert len(others) == len(BOARDS) - 1
    assert all(cell.startswith("estimate: ") for cell in others)


def test_nothing_is_measured_before_somebody_does(tmp_path: Path) -> None:
    assert all(cell.startswith("estimate: ") for cell in board_rows(tmp_path).values())
    assert len(board_rows(tmp_path)) == len(BOARDS)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"p50_ms": "fast"}, "candidates[0].p50_ms is 'fast', accepted is a number"),
        ({"p50_ms": 0}, "candidates[0].p50_ms is 0, accepted is more than 0"),
        ({"threads": 1.5}, "candidates[0].threads is 1.5, accepted is a whole number"),
        ({"width": True}, "candidates[0].width is True, accepted is a whole number"),
        ({"end_to_end_fps": "-"}, "accepted is a number or null"),
    ],
)
def test_a_wrong_value_is_refused_by_file_and_field(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    write_result(tmp_path, "mine", result("Pi", **changed))
    with pytest.raises(InputError) as caught:
        read_results(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.json'}: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_each_field_that_is_missing_is_told(tmp_path: Path) -> None:
    whole = result("Pi")
    places = {"": whole, "machine.": whole["machine"], "candidates[0].": whole["candidates"][0]}
    for place, part in places.items():
        for field in list(part):
            kept = part.pop(field)
            (tmp_path / "mine.json").write_text(json.dumps(whole))
            with pytest.raises(InputError) as caught:
                read_results(tmp_path)
            assert str(caught.value).endswith(f"mine.json: {place}{field} is missing")
            part[field] = kept
    write_result(tmp_path, "mine", whole)
    assert len(read_results(tmp_path)) == 1


@pytest.mark.parametrize("text", ["", "[1, 2", "[]", '"edge"', '{"version": 2}', "\ufeff{}"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.json") as caught:
        read_results(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        read_results(tmp_path / "none")


def test_what_bench_writes_is_accepted(tmp_path: Path) -> None:
    options = ("--size", "64x48", "--threads", 1, "--accelerator", "cpu", "--calls-only")
    ran = run_cli("bench", "edge-tiny", *options, "--runs", 3, "--json", tmp_path / "mine.json")
    assert ran.code == 0, ran.err
    (found,) = read_results(tmp_path)
    assert (found.model, found.size, found.threads) == ("edge-tiny", (64, 48), 1)
    # Nothing is written that the schema does not know.
    schema = json.loads(SCHEMA.read_text())["properties"]
    written = json.loads((tmp_path / "mine.json").read_text())
    assert written.keys() <= schema.keys()
    assert written["machine"].keys() <= schema["machine"]["properties"].keys()
    known = schema["candidates"]["items"]["properties"]
    assert written["candidates"][0].keys() <= known.keys()


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`python -m benchmarks.boards` from the checkout."""
    command = [sys.executable, "-m", "benchmarks.boards", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=TESTS.parent, timeout=200, check=False
    )


def write_table(path: Path, names: list[str], **changed: str) -> None:
    """A table that the cost model itself made; columns can have other names."""
    rates = 1 / COSTS.seconds(np.stack([amounts(network(name)) for name in names]))
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        heads = ("model", "psnr_Set5", "parameters", "speed_RPI")
        table.writerow([changed.get(head, head) for head in heads])
        for name, rate in zip(names, rates, strict=True):
            table.writerow([name, 30, parameters(network(name)), repr(float(rate))])


def test_the_whole_road_on_a_table_that_the_model_made(tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv", NAMES)
    write_result(tmp_path, "mine", result("Raspberry Pi 5 Model B", p50_ms=33.25))
    figures, picture = tmp_path / "out" / "found.json", tmp_path / "out" / "found.png"
    options = ("--results", tmp_path, "--json", figures, "--plot", picture)
    done = run(tmp_path / "table.csv", *options)
    assert done.returncode == 0, done.stderr
    assert f"{len(NAMES)} networks; as many parameters as the file says: all of them" in done.stdout
    assert "20.0 GMAC/s, 69% of the float32 peak" in done.stdout
    assert "measured: 33.2 ms" in done.stdout
    found = json.loads(figures.read_text())
    np.testing.assert_allclose(list(found["costs"].values()), astuple(COSTS), rtol=1e-6)
    assert found["parameters_at_odds"] == []
    judges = [one for one in found["networks"] if one["judge"]]
    assert len(judges) == found["accuracy"]["all"]["model"]["rows"] == (~fitting(NAMES)).sum()
    assert found["accuracy"]["all"]["model"]["tail"] < 1e-6
    assert found["accuracy"]["all"]["model"]["rank"] == pytest.approx(1)
    assert found["accuracy"]["all"]["by_macs"]["median"] > 0.1
    assert found["accuracy"]["all"]["by_parameters"]["median"] > 0.1
    assert found["estimates_ms"].keys() == embedded_models().keys()
    assert cv2.imread(str(picture)) is not None


def test_quick_takes_a_fifth(tmp_path: Path) -> None:
    wide = [f"eSR-TM_s{s}_K5_C{c}" for s in (2, 3, 4) for c in range(1, 17)]
    deep = [f"ESPCN_s{s}_D{d}_S{c}" for s in (2, 3, 4) for d in range(16, 26) for c in (9, 18)]
    names = [*NAMES, *wide, *deep]
    write_table(tmp_path / "table.csv", names)
    done = run(tmp_path / "table.csv", "--quick", "--results", tmp_path)
    assert done.returncode == 0, done.stderr
    assert 0.1 * len(names) < int(done.stdout.split()[0]) < 0.3 * len(names)


def test_a_table_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    def refused(*arguments: object) -> str:
        done = run(tmp_path / "table.csv", "--results", tmp_path, *arguments)
        assert done.returncode == 2, done.stdout + done.stderr
        (line,) = done.stderr.splitlines()
        assert line.startswith("srgan-edge: ")
        assert "table.csv" in line
        return line

    assert "No such file" in refused()
    write_table(tmp_path / "table.csv", NAMES, speed_RPI="speed")
    assert "no column 'speed_RPI'" in refused()
    write_table(tmp_path / "table.csv", NAMES[:8])
    assert "too few" in refused()
    (tmp_path / "table.csv").write_text("model,parameters,speed_RPI\nBicubic_s2,104,x\n")
    assert "damaged line" in refused()
    (tmp_path / "table.csv").write_text("model,parameters,speed_RPI\nBicubic_s2,104,0\n")
    assert "accepted is above 0" in refused()


def test_networks_with_other_parameters_are_named(tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv", NAMES)
    text = (tmp_path / "table.csv").read_text()
    odd = f"{NAMES[0]},30,{parameters(network(NAMES[0]))},"
    assert odd in text
    (tmp_path / "table.csv").write_text(text.replace(odd, f"{NAMES[0]},30,7,"))
    done = run(tmp_path / "table.csv", "--results", tmp_path)
    assert f"as many parameters as the file says: not {NAMES[0]}\n" in done.stdout


def test_a_cost_that_is_nothing_is_shown_so() -> None:
    from benchmarks.boards_report import cost_table

    nothing = Fit(replace(COSTS, exp=0.0), replace(COSTS, byte=0.012))
    lines = cost_table(nothing).splitlines()
    assert "| an exponential | 0 | - |" in lines
    assert "| a byte read or written | 0.9 | 1.2% |" in lines
