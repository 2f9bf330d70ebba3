"""A report as people and programs read it."""

from __future__ import annotations

import csv
import io
import json

from rich.table import Table

from srgan_edge.timing.report import Report, Result

_HEADINGS = (
    *("rank", "model", "size", "on", "threads", "load ms", "first ms", "p50 ms", "p90 ms"),
    *("p99 ms", "frames/s", "from file to JPEG", "converting", "peak MB", "times the fastest"),
)
_LEFT = 4  # the first columns are words


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
    lines = ["| " + " | ".join(_HEADINGS) + " |", "|---" * len(_HEADINGS) + "|"]
    lines += [f"| {' | '.join(_cells(result))} |" for result in in_order(report)]
    return "\n".join([*lines, "", *notes(report), ""])


def as_table(report: Report) -> Table:
    """For the screen."""
    table = Table(box=None)
    for place, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="left" if place <= _LEFT else "right")
    for result in in_order(report):
        table.add_row(*_cells(result))
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


def _cells(result: Result) -> list[str]:
    one, cold, steady = result.candidate, result.cold, result.steady
    end = "" if result.end_to_end_fps is None else f"{result.end_to_end_fps:.1f}/s"
    return [
        str(result.rank),
        one.name,
        f"{one.width}x{one.height}",
        result.accelerator,
        str(one.threads),
        *(f"{value:.1f}" for value in (cold.load_ms, cold.first_ms)),
        *(f"{steady.percentile(share):.2f}" for share in (50, 90, 99)),
        f"{result.fps:.1f}",
        end,
        f"{100 * steady.conversion_share:.0f} %",
        f"{cold.peak_mb:.0f}",
        str(result.ratio),
    ]
