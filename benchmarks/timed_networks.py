"""The table of networks that were timed on a Raspberry Pi 400."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.cost_model import KINDS, Chosen, Matrix
from benchmarks.esr_models import family, network
from benchmarks.network_layers import Layer, Vector, amounts, macs, parameters
from srgan_edge.errors import InputError

_COLUMNS = ("model", "parameters", "speed_RPI")
_QUICK = 5  # one of so many rows


@dataclass(frozen=True)
class Table:
    """Networks that were timed.

    Attributes:
        names: n of them.
        layers: of each.
        parameters: as the file has them, (n,).
        seconds: a frame, measured, (n,).
        work: (n, 8), as `network_layers.amounts` gives it.
        fitted: which rows are fitted, (n,); the others judge.
    """

    names: list[str]
    layers: list[list[Layer]]
    parameters: Vector
    seconds: Vector
    work: Matrix
    fitted: Chosen

    @property
    def families(self) -> list[str]:
        """Of each network."""
        return [family(name) for name in self.names]

    @property
    def macs(self) -> Vector:
        """Of each network, for one frame, (n,)."""
        return np.array([macs(layers) for layers in self.layers], np.float64)

    @property
    def at_odds(self) -> list[str]:
        """Networks whose layers do not have as many parameters as the file says."""
        counts = [parameters(layers) for layers in self.layers]
        rows = zip(self.names, counts, self.parameters, strict=True)
        return [name for name, ours, theirs in rows if ours != theirs]


def read_table(path: Path, quick: bool = False) -> Table:
    """The networks of the file, or a fifth of them.

    Args:
        path: CSV with the columns `model`, `parameters` and `speed_RPI`, frames a second.
        quick: a fifth.

    Raises:
        InputError: it cannot be read, or has a network or a value that it should not have.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [[row[column] for column in _COLUMNS] for row in csv.DictReader(file)]
        values = [(name, int(count), float(rate)) for name, count, rate in rows]
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except KeyError as error:
        raise InputError(f"{path} has no column {error}, of {', '.join(_COLUMNS)}") from None
    except (ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{path} has a damaged line: {error}") from None
    kept = [row for row in values if not quick or _digest(row[0])[0] % _QUICK == 0]
    for name, _, rate in kept:
        if not 0 < rate < float("inf"):
            raise InputError(f"{path}: {name} makes {rate} frames a second, accepted is above 0")
    return _table(path, kept)


def _table(path: Path, rows: list[tuple[str, int, float]]) -> Table:
    names = [name for name, _, _ in rows]
    fitted = fitting(names)
    if min(fitted.sum(), (~fitted).sum()) < KINDS:
        raise InputError(f"{path} has {len(names)} networks to use: too few for {KINDS} costs")
    layers = [network(name) for name in names]
    return Table(
        names=names,
        layers=layers,
        parameters=np.array([count for _, count, _ in rows], np.float64),
        seconds=1 / np.array([rate for _, _, rate in rows]),
        work=np.stack([amounts(one) for one in layers]),
        fitted=fitted,
    )


def fitting(names: list[str]) -> Chosen:
    """Which rows are fitted, (n,): those whose name has an even SHA-256."""
    return np.array([_digest(name)[-1] % 2 == 0 for name in names], np.bool_)


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
