"""What `benchmarks.roofline` found, in words, as a table and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.machine_roofs import Roofs, Seconds
from benchmarks.single_ops import Op, Work

_MOST_OFF = 0.15  # of the whole: what the sum of the operators may be off it unsaid
_COLUMNS = (
    *("op", "kind", "layer", "in -> out, kernel", "MMAC", "MB", "ms", "GMAC/s", "of the peak"),
    *("of its roof", "ms above it", "bound by"),
)


@dataclass(frozen=True)
class TimedOp:
    """An operator and its times alone, (runs,)."""

    op: Op
    times: Seconds

    @property
    def seconds(self) -> float:
        """The median."""
        return float(np.median(self.times))


@dataclass(frozen=True)
class TimedModel:
    """A model, its times for a frame, (runs,), and its operators."""

    name: str
    times: Seconds
    ops: Sequence[TimedOp]

    @property
    def seconds(self) -> float:
        """The median."""
        return float(np.median(self.times))

    @property
    def works(self) -> list[Work]:
        """What the operators have to do."""
        return [one.op.work for one in self.ops]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a frame."""
        return sum(work.macs for work in self.works)

    @property
    def moved(self) -> int:
        """Bytes that the operators read and write for a frame."""
        return sum(work.moved for work in self.works)

    @property
    def alone(self) -> float:
        """Seconds that the operators take one by one, the sum of their medians."""
        return sum(one.seconds for one in self.ops)

    @property
    def alone_at_best(self) -> float:
        """The ratio of the same sum to the whole, of the fastest run of each."""
        return float(sum(one.times.min() for one in self.ops) / self.times.min())

    def at_peak(self, roofs: Roofs) -> float:
        """Seconds that the MACs would take at the peak of what multiplies them."""
        return sum(roofs.computing(work) for work in self.works)

    def at_roofs(self, roofs: Roofs) -> float:
        """Seconds that the operators would take if each reached its roof."""
        return sum(roofs.seconds(work) for work in self.works)


def roofs_in_words(roofs: Roofs) -> str:
    """What the machine can do at most, in lines."""
    lines = [
        f"{unit} peak: {rate / 1e9:.1f} GMAC/s, a {roofs.shapes[unit]}"
        for unit, rate in roofs.peaks.items()
    ]
    copies = [f"{moved >> 20} MiB {rate / 1e9:.1f}" for moved, rate in roofs.bandwidths.items()]
    return "\n".join([*lines, f"GB/s of copies that read and write {', '.join(copies)}"])


def summary(model: TimedModel, roofs: Roofs) -> str:
    """A model as a whole, and whether its operators' times are to be believed."""
    seconds = model.seconds
    return (
        f"{model.name}: {model.macs / 1e6:.0f} MMAC, {model.moved / 1e6:.1f} MB, "
        f"{seconds * 1e3:.2f} ms (fastest {model.times.min() * 1e3:.2f}): "
        f"{model.macs / seconds / 1e9:.1f} GMAC/s, "
        f"{_percent(model.at_peak(roofs) / seconds)} of the peak.\n"
        f"With every operator at its roof it would take {model.at_roofs(roofs) * 1e3:.2f} ms.\n"
        f"{sum_against_whole(model)}"
    )


def sum_against_whole(model: TimedModel) -> str:
    """The operators' sum, as a ratio to the whole, and what it means when it is far from 1."""
    ratio = model.alone / model.seconds
    said = f"One by one the operators take {model.alone * 1e3:.2f} ms, {ratio:.2f} times the whole"
    if abs(ratio - 1) <= _MOST_OFF:
        return f"{said}."
    return (
        f"{said}, which is off by more than {_percent(_MOST_OFF)}: do not take their times for "
        "those that they have within the model. "
        f"Of the fastest runs it is {model.alone_at_best:.2f} times; where that is near 1, "
        "the machine was busy with other things."
    )


def table(model: TimedModel, roofs: Roofs) -> str:
    """Markdown: a row an operator. Sizes are height x width x channels."""
    lines = [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    rows = (_row(index, one, roofs) for index, one in enumerate(model.ops))
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _row(index: int, one: TimedOp, roofs: Roofs) -> list[str]:
    op, work, least = one.op, one.op.work, roofs.seconds(one.op.work)
    rate, share = f"{work.macs / one.seconds / 1e9:.1f}", roofs.computing(work) / one.seconds
    return [
        *(str(index), op.kind, op.layer, op.shapes),
        *(f"{work.macs / 1e6:.1f}", f"{work.moved / 1e6:.2f}", f"{one.seconds * 1e3:.3f}"),
        *((rate, _percent(share)) if work.macs else "--"),
        *(_percent(least / one.seconds), f"{(one.seconds - least) * 1e3:.3f}", roofs.bound(work)),
    ]


def as_dict(models: Sequence[TimedModel], roofs: Roofs) -> dict[str, Any]:
    """For JSON: seconds, bytes, multiply-accumulates, and those a second."""
    return {
        "peaks": dict(roofs.peaks),
        "peak_shapes": {unit: str(shape) for unit, shape in roofs.shapes.items()},
        "bandwidths": {str(moved): rate for moved, rate in roofs.bandwidths.items()},
        "models": [_model_dict(model, roofs) for model in models],
    }


def _model_dict(model: TimedModel, roofs: Roofs) -> dict[str, Any]:
    return {
        "name": model.name,
        "macs": model.macs,
        "moved": model.moved,
        "seconds": model.seconds,
        "seconds_one_by_one": model.alone,
        "seconds_at_roofs": model.at_roofs(roofs),
        "ops": [_op_dict(one, roofs) for one in model.ops],
    }


def _op_dict(one: TimedOp, roofs: Roofs) -> dict[str, Any]:
    return {
        **asdict(one.op),
        "seconds": one.seconds,
        "seconds_at_roof": roofs.seconds(one.op.work),
        "bound": roofs.bound(one.op.work),
    }


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
