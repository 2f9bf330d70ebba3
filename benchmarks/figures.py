"""The README's figures and plots: measured anew, with the machine and the date.

    make figures SETS="Set5 Set14 Kodak24" LPIPS=ALEX.npz PEERS=FSRCNN_x4.pb

Each part of the README between `<!-- figures: NAME -->` and `<!-- end -->` is replaced by what is
measured; plots go to `docs/images`. Nothing else should run in the meantime.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from benchmarks.commands import reporting_errors
from benchmarks.live_rate import live_table
from benchmarks.peer_plot import plot as peer_plot
from benchmarks.peers import OPENCV_4, Bicubic, DnnSuperres, times_in_turn
from benchmarks.quality import Figures, load, means
from srgan_edge import timing
from srgan_edge.catalogue import CAMERA_MODEL, embedded_models
from srgan_edge.errors import InputError
from srgan_edge.files import write_bytes, write_text
from srgan_edge.lpips import Lpips
from srgan_edge.timing.plots import plot as bench_plot
from srgan_edge.timing.ranking import ratio
from srgan_edge.timing.steady import Milliseconds
from srgan_edge.timing.tables import as_markdown

_ROOT = Path(__file__).parents[1]
_THREADS = 2


def fill(document: str, parts: Mapping[str, str]) -> str:
    """The document with its parts replaced.

    Raises:
        InputError: it has no place for one of them.
    """
    for name, text in parts.items():
        begin, end = f"<!-- figures: {name} -->\n", "<!-- end -->"
        before, found, behind = document.partition(begin)
        _, closed, after = behind.partition(end)
        if not (found and closed):
            raise InputError(f"the README has no place for the figures of {name!r}")
        document = before + begin + text + "\n" + end + after
    return document


def quality_table(found: Figures) -> str:
    """Markdown: a row a candidate, a column a set."""
    names = list(next(iter(found.values())))
    lines = [f"| | {' | '.join(found)} |", "|---" * (len(found) + 1) + "|"]
    for name in names:
        cells = (
            f"{row[name].psnr:.2f} dB"
            + ("" if row[name].lpips is None else f", {row[name].lpips:.3f}")
            for row in found.values()
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def speed_table(times: Mapping[str, Milliseconds], peers: list[str]) -> str:
    """Markdown: milliseconds, and how many times as fast as each peer."""
    heads = " | ".join(f"times as fast as {peer}" for peer in peers)
    lines = [f"| | ms | {heads} |", "|---" * (len(peers) + 2) + "|"]
    for name, own in times.items():
        faster = " | ".join(str(ratio(times[peer], own)) for peer in peers)
        lines.append(f"| {name} | {np.median(own):.2f} | {faster} |")
    return "\n".join(lines)


def against_peers(options: argparse.Namespace, signed: str) -> dict[str, str]:
    """Quality and speed of our models for clean pictures and of peers, and their plot."""
    cv2.setNumThreads(_THREADS)
    ours = load([name for name in embedded_models() if name != CAMERA_MODEL], _THREADS)
    peers = {path.stem: DnnSuperres(path, OPENCV_4, _THREADS) for path in options.peers}
    times = times_in_turn({"bicubic": Bicubic(), **peers, **ours}, options.runs)
    judge = Lpips(options.lpips_weights) if options.lpips_weights else None
    found = {folder.name: means({**peers, **ours}, folder, judge) for folder in options.sets}
    for peer in peers.values():
        peer.close()
    medians = {name: float(np.median(one)) for name, one in times.items()}
    caption = f"320x180, {_THREADS} threads each, {signed}"
    write_bytes(options.images / "peers.png", peer_plot(found, medians, set(ours), caption))
    speed = f"{speed_table(times, list(peers))}\n\n{caption}."
    return {"quality": quality_table(found), "speed": speed}


def alone(options: argparse.Namespace) -> str:
    """What `srgan-edge bench` says of all embedded models, and its plot."""
    chosen = [
        timing.Candidate(name, 320, 180, count)
        for name in embedded_models()
        for count in (1, _THREADS)
    ]
    report = timing.bench(chosen, options.runs)
    write_bytes(options.images / "bench.png", bench_plot(report))
    return as_markdown(report)


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path, help="sharp originals, a folder a set")
    parser.add_argument("--lpips-weights", type=Path, help="an .npz of LPIPS's AlexNet weights")
    parser.add_argument("--peers", nargs="*", type=Path, default=[], help="METHOD_xSCALE.pb")
    parser.add_argument("--runs", type=int, default=100, help="timed frames of each")
    parser.add_argument("--readme", type=Path, default=_ROOT / "README.md")
    parser.add_argument("--images", type=Path, default=_ROOT / "docs" / "images")
    parser.add_argument("--quick", action="store_true", help="whether it works; few frames")
    options = parser.parse_args()
    if options.quick:
        options.runs = 3
    document = options.readme.read_text()
    fill(document, dict.fromkeys(("quality", "speed", "bench", "live"), ""))  # before the hours
    signed = f"{timing.this_machine().name}, {datetime.date.today()}"
    live = live_table(rounds=1, times=1) if options.quick else live_table(rounds=3)
    parts = {"live": f"{live}\n\n{signed}.", "bench": alone(options)}
    write_text(options.readme, fill(document, {**parts, **against_peers(options, signed)}))
    return 0


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
