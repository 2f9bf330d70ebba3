"""A report as people and programs read it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from rich.table import Table

from srgan_edge.timing.report import Report, Result

# Who it is, and on how many threads; how fast it is once it runs; and what comes before, around
# and after.
_WHO = ("rank", "model", "size", "on")
_SPEED = ("p50 ms", "p90 ms", "p99 ms", "fps", "times the fastest")
_REST = ("load ms", "first ms", "converting", "peak MB", "from file to JPEG")


def as_json(report: Report) -> str:
    """All of it."""
    return json.dumps(report.as_dict(), indent=2) + "\n"


def as_csv(report: Report) -> str:
    """One line a candidate, with the machine's name and the date."""
    rows = [
        {"machine": report.machine.name, "date": report.date, **result.as_dict()}
        for result in report.results
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_markdown(report: Report) -> str:
    """For a document: the table, and below it what it was measured on."""
    headings = (*_WHO, *_SPEED, *_REST)
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    lines += [
        f"| {' | '.join([*_who(one), *_speed(one), *_rest(one)])} |" for one in in_order(report)
    ]
    return "\n".join([*lines, "", *notes(report), ""])


def as_tables(report: Report) -> list[Table]:
    """For the screen: two, for they must fit into 80 columns."""
    results = in_order(report)
    speed = _table((*_WHO, *_SPEED), [[*_who(one), *_speed(one)] for one in results])
    return [speed, _table((*_WHO[1:], *_REST), [[*_who(one)[1:], *_rest(one)] for one in results])]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="left" if heading in _WHO else "right")
    for row in rows:
        table.add_row(*row)
    return table


def in_order(report: Report) -> list[Result]:
    """By size, then the fastest first."""
    return sorted(
        report.results,
        key=lambda one: (one.candidate.width * one.candidate.height, one.steady.percentile(50)),
    )


def notes(report: Report) -> list[str]:
    """Where, when, and what the figures are worth."""
    machine = report.machine
    lines = [
        f"{machine.name}, {machine.os}, {machine.litert}, {report.date}; "
        f"{report.frames} frames of each, in turn.",
        f"Two of the same model differed by up to {100 * report.noise:.1f} %: what is closer has "
        "the same rank. In brackets: where the ratio is in 95 of 100 cases.",
    ]
    state = {
        "governor": machine.governor,
        "throttled": machine.throttled,
        "temperature": machine.temperature_c and f"{machine.temperature_c:.0f} °C",
    }
    told = [f"{name} {value}" for name, value in state.items() if value]
    return [*lines, ", ".join(told) + "."] if told else lines


def _who(result: Result) -> list[str]:
    one = result.candidate
    size = f"{one.width}x{one.height}"
    return [str(result.rank), one.name, size, f"{result.accelerator} {one.threads}"]


def _speed(result: Result) -> list[str]:
    shares = (result.steady.percentile(share) for share in (50, 90, 99))
    return [*(f"{took:.2f}" for took in shares), f"{result.fps:.1f}", str(result.ratio)]


def _rest(result: Result) -> list[str]:
    cold, end = result.cold, result.end_to_end_fps
    return [
        f"{cold.load_ms:.1f}",
        f"{cold.first_ms:.1f}",
        f"{100 * result.steady.conversion_share:.0f} %",
        f"{cold.peak_mb:.0f}",
        "" if end is None else f"{end:.1f}/s",
    ]
