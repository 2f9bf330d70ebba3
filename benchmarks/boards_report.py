"""What `benchmarks.boards` prints: Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks.board_estimates import BOARDS, Board, Estimate
from benchmarks.contributed_results import Measured, best
from benchmarks.cost_model import Accuracy, Fit

SIZE = (320, 180)  # width and height of the input that boards are compared on

Estimates = Mapping[str, Mapping[str, Estimate]]  # by model, then by board

# What each of `Costs` is the price of.
_TERMS = {
    "overhead": "a network, whatever it does",
    "byte": "a byte read or written",
    "mac": "a multiply-accumulate",
    "far": "more: an element in a row beyond the 32nd",
    "deep": "more: a multiply-accumulate beyond the 128th of an output",
    "tanh": "a hyperbolic tangent",
    "exp": "an exponential",
    "plane": "more: a byte, for each plane beyond the 4th",
}


@dataclass(frozen=True)
class Judged:
    """A family of networks, on the rows that were not fitted.

    Attributes:
        model: the cost model.
        unseen: the same, fitted without this family; None for all together.
        by_macs: latency as a power of the MACs.
        by_parameters: latency as a power of the parameters.
    """

    model: Accuracy
    unseen: Accuracy | None
    by_macs: Accuracy
    by_parameters: Accuracy


def accuracy_table(found: Mapping[str, Judged]) -> str:
    """A row a family: median error, what 9 of 10 errors stay below, rank correlation."""
    heads = ["rows", "cost model", "fitted without the family", "MACs alone", "parameters alone"]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, one in found.items():
        parts = (one.model, one.unseen, one.by_macs, one.by_parameters)
        cells = " | ".join(map(_accuracy, parts))
        lines.append(f"| {name} | {one.model.rows} | {cells} |")
    return "\n".join(lines)


def _accuracy(one: Accuracy | None) -> str:
    if one is None:
        return "-"
    rank = "-" if one.rank is None else f"{one.rank:.3f}"
    return f"{one.median:.1%}, {one.tail:.1%}, {rank}"


def cost_table(found: Fit) -> str:
    """A row a cost, with its standard error."""
    errors = asdict(found.errors)
    lines = ["| the price of | ns | standard error |", "|---|---|---|"]
    lines += [
        f"| {_TERMS[name]} | {value * 1e9:.3g} | {f'{errors[name]:.1%}' if value else '-'} |"
        for name, value in asdict(found.costs).items()
    ]
    return "\n".join(lines)


def board_table(expected: Estimates, measured: Sequence[Measured]) -> str:
    """A row a board, a column a model; what was measured stands in place of an estimate."""
    lines = [f"| | int8 peak | {' | '.join(expected)} |", "|---" * (len(expected) + 2) + "|"]
    for board in BOARDS:
        cells = [_cell(measured, board, name, row[board.name]) for name, row in expected.items()]
        peak = f"{board.int8 / 1e9:.0f} GMAC/s"
        lines.append(f"| {board.name}, {board.core.name} | {peak} | {' | '.join(cells)} |")
    known = tuple(board.machine for board in BOARDS)
    for machine in sorted({one.machine for one in measured if not one.machine.startswith(known)}):
        times = [best(measured, machine, name, SIZE) for name in expected]
        cells = [_measured(one) if one else "-" for one in times]
        lines.append(f"| {machine} | - | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(measured: Sequence[Measured], board: Board, model: str, ends: Estimate) -> str:
    if found := best(measured, board.machine, model, SIZE):
        return _measured(found)
    return f"estimate: {ends.fast:.0f} to {ends.slow:.0f} ms"


def _measured(one: Measured) -> str:
    threads = f"{one.threads} thread{'s' if one.threads > 1 else ''}"
    return f"measured: {one.milliseconds:.1f} ms, {threads}, {one.date}"
