"""What could be faster in a model: each operator beside what this machine can do at most.

    python -m benchmarks.roofline edge edge-tiny --threads 1
    python -m benchmarks.roofline edge --plot roofline.png

The machine's peak and bandwidth are measured (`benchmarks.machine_roofs`), and each operator alone
(`benchmarks.single_ops`); roofs, models and operators take turns. An operator's roof is the peak,
or its MACs a byte times the bandwidth where that is less (Williams, Waterman, Patterson 2009). What
does no MACs, as ADD, has the copy of as many bytes for a roof. Times are of LiteRT's call alone;
`srgan-edge bench` has a frame's way in and out as well.

TensorFlow is not needed, and where only the runtime is installed this works as well:
`PYTHONPATH=convert python -m benchmarks.roofline`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.commands import reporting_errors
from benchmarks.machine_roofs import Probes, Roofs, Seconds, Timed, time_in_turn
from benchmarks.roofline_plot import plot
from benchmarks.roofline_report import (
    TimedModel,
    TimedOp,
    as_dict,
    roofs_in_words,
    summary,
    table,
)
from benchmarks.single_ops import Loaded, Op, picture_input, single_ops
from srgan_edge.backends import default_threads
from srgan_edge.cli.options import parse_size
from srgan_edge.errors import InputError
from srgan_edge.files import check_target, write_bytes, write_text
from srgan_edge.model_file import load_model
from srgan_edge.scene import scene
from srgan_edge.timing import this_machine

_SIZE, _QUICK_SIZE = "320x180", "48x32"
_RUNS, _QUICK_RUNS = 30, 3


class Candidate:
    """A model and its operators, ready to be timed."""

    def __init__(self, name: str, size: tuple[int, int], threads: int) -> None:
        """Load it.

        Args:
            name: of a model, or a `.tflite` file.
            size: width and height of the frame.
            threads: of the CPU.

        Raises:
            InputError: no such model, or one that cannot be used.
        """
        model = load_model(name)
        inputs = picture_input(model, scene(*size))
        self.name = Path(name).stem
        self.ops: list[Op] = []
        self.timed: list[Timed] = [Loaded(model.content, inputs, threads)]
        for op, alone in single_ops(model.content, inputs, threads):
            self.ops.append(op)
            self.timed.append(alone)

    def result(self, times: Sequence[Seconds]) -> TimedModel:
        """From the times of each of `timed`."""
        whole, *alone = times
        return TimedModel(self.name, whole, list(map(TimedOp, self.ops, alone)))


def measure(
    names: Sequence[str], size: tuple[int, int], threads: int, runs: int, quick: bool = False
) -> tuple[list[TimedModel], Roofs]:
    """Time the models, their operators and the machine's roofs, all in turn.

    Args:
        names: of models, or `.tflite` files.
        size: width and height of the frame.
        threads: of the CPU.
        runs: timed ones of each, of which the median counts.
        quick: with roofs that are not worth keeping.

    Raises:
        InputError: a model that is not there or cannot be used.
    """
    candidates = [Candidate(name, size, threads) for name in names]
    probes = Probes(threads, quick)
    parts = [probes.timed, *(candidate.timed for candidate in candidates)]
    taken = iter(time_in_turn([one for part in parts for one in part], runs))
    of_probes, *of_candidates = ([next(taken) for _ in part] for part in parts)
    found = zip(candidates, of_candidates, strict=True)
    return [candidate.result(times) for candidate, times in found], probes.roofs(of_probes)


def _options() -> argparse.Namespace:
    """Raises InputError for what is out of range or cannot be written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", help="names or .tflite files")
    parser.add_argument("--size", help=f"of the frame, {_SIZE} if not given")
    parser.add_argument("--threads", type=int, default=default_threads(), help="of the CPU")
    parser.add_argument("--runs", type=int, help=f"timed ones of each, {_RUNS} if not given")
    parser.add_argument("--plot", type=Path, help="draw a roofline plot (PNG)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--quick", action="store_true", help="few runs, a small frame, rough roofs")
    options = parser.parse_args()
    if options.size is None:
        options.size = _QUICK_SIZE if options.quick else _SIZE
    if options.runs is None:
        options.runs = _QUICK_RUNS if options.quick else _RUNS
    for name in ("threads", "runs"):
        if getattr(options, name) < 1:
            raise InputError(f"--{name} must be at least 1, got {getattr(options, name)}")
    for target in filter(None, (options.plot, options.json)):
        check_target(target)
    return options


def main() -> int:
    """Measure and print."""
    options = _options()
    setting = {"size": options.size, "threads": options.threads, "runs": options.runs}
    models, roofs = measure(
        options.models, parse_size(options.size), options.threads, options.runs, options.quick
    )
    about = {"machine": this_machine().name, "date": datetime.date.today().isoformat(), **setting}
    caption = ", ".join([*(f"{name} {value}" for name, value in setting.items()), about["machine"]])
    print(f"{caption}\n\n{roofs_in_words(roofs)}")
    for model in models:
        print(f"\n{summary(model, roofs)}\n\n{table(model, roofs)}")
    if options.plot:
        write_bytes(options.plot, plot(models, roofs, f"{caption}, {about['date']}"))
    if options.json:
        write_text(options.json, json.dumps({**about, **as_dict(models, roofs)}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
