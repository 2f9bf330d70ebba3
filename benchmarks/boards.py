"""What a network costs on a small board: a model of that, how far off it is, and real times.

    python -m benchmarks.boards esr_rpi400.csv --plot boards.png

The file is the table that came with "edge-SR: super-resolution for the masses" (WACV 2022): 1,185
small networks, timed by its authors on a Raspberry Pi 400 in PyTorch and float32. Half of them
price the kinds of work that a network is made of (`network_layers`, `cost_model`), the other half
tells what the prices are worth. What the embedded int8 models may take on boards is estimated from
that (`board_estimates`), until somebody measures it (`results/README.md`).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.board_estimates import BOARDS, PI_400, Estimate, estimate, int8_layers
from benchmarks.boards_plot import plot
from benchmarks.boards_rates import plot_rates, rate_table, rates
from benchmarks.boards_report import SIZE, Judged, accuracy_table, board_table, cost_table
from benchmarks.commands import reporting_errors
from benchmarks.contributed_results import RESULTS, read_results
from benchmarks.cost_model import KINDS, Costs, Fit, accuracy, fit, power_law
from benchmarks.network_layers import Vector
from benchmarks.timed_networks import Table, read_table
from srgan_edge.catalogue import embedded_models
from srgan_edge.files import check_target, write_bytes, write_text
from srgan_edge.model_file import load_model


def rules_of_thumb(table: Table) -> dict[str, Vector]:
    """Latencies, (n,), as a power of the MACs and of the parameters, fitted on the same half."""
    return {
        "MACs alone": power_law(table.macs, table.seconds, table.fitted),
        "parameters alone": power_law(table.parameters, table.seconds, table.fitted),
    }


def judge(table: Table, costs: Costs) -> dict[str, Judged]:
    """All networks, and each family that has some among the judges."""
    predictions = [costs.seconds(table.work), *rules_of_thumb(table).values()]
    families = np.array(table.families)
    found = {}
    for name in ("all", *sorted(set(table.families))):
        others = table.fitted & (families != name)
        judges = ~table.fitted if name == "all" else ~table.fitted & (families == name)
        if not judges.any():
            continue
        unseen = None
        if name != "all" and others.sum() >= KINDS:
            without = fit(table.work[others], table.seconds[others]).costs
            unseen = accuracy(without.seconds(table.work[judges]), table.seconds[judges])
        known = [accuracy(one[judges], table.seconds[judges]) for one in predictions]
        found[name] = Judged(known[0], unseen, known[1], known[2])
    return found


def estimates(costs: Costs) -> dict[str, dict[str, Estimate]]:
    """Of the embedded models, by model and then by board."""
    layers = {name: int8_layers(load_model(name), *SIZE) for name in embedded_models()}
    return {
        name: {board.name: estimate(found, board, costs) for board in BOARDS}
        for name, found in layers.items()
    }


def _counts(table: Table) -> str:
    verdict = f"not {', '.join(table.at_odds)}" if table.at_odds else "all of them"
    return f"{len(table.names)} networks; as many parameters as the file says: {verdict}"


def _rates(costs: Costs) -> str:
    """What the prices of bytes and MACs are as rates, if they are not 0."""
    told = []
    if costs.byte:
        told.append(f"{1e-9 / costs.byte:.2f} GB/s")
    if costs.mac:
        rate = 1 / costs.mac
        told.append(f"{rate / 1e9:.1f} GMAC/s, {rate / PI_400.float32:.0%} of the float32 peak")
    return "; ".join(told)


def _as_json(table: Table, found: Fit, judged: dict[str, Judged]) -> dict[str, Any]:
    predicted = found.costs.seconds(table.work) * 1000
    rows = zip(table.names, table.seconds * 1000, predicted, ~table.fitted, strict=True)
    return {
        "costs": asdict(found.costs),
        "standard_errors": asdict(found.errors),
        "parameters_at_odds": table.at_odds,
        "accuracy": {name: asdict(one) for name, one in judged.items()},
        "networks": [
            {"model": name, "measured_ms": ms, "predicted_ms": ours, "judge": bool(judge)}
            for name, ms, ours, judge in rows
        ],
    }


def _draw(table: Table, costs: Costs) -> bytes:
    judges = ~table.fitted
    values = {"cost model": costs.seconds(table.work), **rules_of_thumb(table)}
    panels = {name: values[name][judges] for name in ("cost model", "MACs alone")}
    families = [kind for kind, own in zip(table.families, judges, strict=True) if own]
    caption = (
        f"{len(families)} networks that were not fitted, Raspberry Pi 400, PyTorch, float32; "
        "grey: 10 % off"
    )
    return plot(panels, table.seconds[judges], families, caption)


def main() -> int:
    """Fit, judge, estimate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, help="CSV: model, parameters, speed_RPI")
    parser.add_argument("--results", type=Path, default=RESULTS, help="what others measured")
    parser.add_argument("--quick", action="store_true", help="a fifth of the networks")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--plot", type=Path, help="draw predicted against measured into this PNG")
    parser.add_argument("--rates", type=Path, help="draw frames a second of boards into this PNG")
    options = parser.parse_args()
    for target in filter(None, (options.json, options.plot, options.rates)):
        check_target(target)
    table, measured = read_table(options.table, options.quick), read_results(options.results)
    found = fit(table.work[table.fitted], table.seconds[table.fitted])
    judged, expected = judge(table, found.costs), estimates(found.costs)
    print(_counts(table))
    print(f"\nprices, fitted on {table.fitted.sum()} of them ({_rates(found.costs)})\n")
    print(cost_table(found))
    print("\non the others: median error, what 9 of 10 errors stay below, rank correlation\n")
    print(accuracy_table(judged))
    print(f"\nembedded models in int8, {SIZE[0]}x{SIZE[1]}; what is not measured is an estimate\n")
    print(board_table(expected, measured))
    live = rates(expected, measured)
    print("\nframes a second of the models for cameras\n")
    print(rate_table(live))
    if options.json:
        content = _as_json(table, found, judged)
        content["estimates_ms"] = {
            name: {board: asdict(ends) for board, ends in row.items()}
            for name, row in expected.items()
        }
        content["measured"] = [asdict(one) for one in measured]
        write_text(options.json, json.dumps(content, indent=1))
    if options.rates:
        write_bytes(options.rates, plot_rates(live))
    if options.plot:
        write_bytes(options.plot, _draw(table, found.costs))
    return 0


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
