"""Ours beside what else there is: quality on test sets, and time on one frame, in one run.

    make .venv-peers
    python -m benchmarks.peers Set5 Set14 --models edge edge-tiny --peers FSRCNN_x4.pb other.onnx \
        --lpips-weights ALEX.npz --plot peers.png

Peers are model files of OpenCV's `dnn_superres` (METHOD_xSCALE.pb, as OpenCV names them), run by
OpenCV 4 in an environment of its own, and other people's `.onnx` and `.tflite` files. Times are of
the call alone; all candidates take turns, frame by frame, with as many threads each, so that a
change of the machine's speed meets them all.
"""

from __future__ import annotations

import argparse
import datetime
import json
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from benchmarks.commands import reporting_errors
from benchmarks.foreign import Foreign, Meaning
from benchmarks.peer_plot import plot
from benchmarks.quality import Figures, as_rows, load, means, table
from srgan_edge.files import write_bytes, write_text
from srgan_edge.lpips import Lpips
from srgan_edge.progress import ProgressLine
from srgan_edge.quality import Picture
from srgan_edge.scene import scene
from srgan_edge.timing.machine import this_machine
from srgan_edge.timing.ranking import ratio
from srgan_edge.timing.steady import Milliseconds
from srgan_edge.upscales import Upscales

OPENCV_4 = Path(".venv-peers/bin/python")
_WORKER = Path(__file__).with_name("dnn_superres.py")
_SIZE = (320, 180)
_WARM_UP = 3


class Bicubic:
    """What OpenCV itself does, `cv2.INTER_CUBIC`."""

    scale = 4

    def __call__(self, frame: Picture) -> Picture:
        """(h, w, 3) uint8 BGR -> (4h, 4w, 3) uint8 BGR."""
        size = (frame.shape[1] * self.scale, frame.shape[0] * self.scale)
        return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC), np.uint8)


class DnnSuperres:
    """A model file of OpenCV's `dnn_superres`, in a process of its own."""

    def __init__(self, path: Path, python: Path, threads: int) -> None:
        """Start it.

        Args:
            path: METHOD_xSCALE.pb.
            python: of an environment with `opencv-contrib-python<5`.
            threads: for OpenCV.
        """
        method, scale = path.stem.rsplit("_x", 1)
        self.scale = int(scale)
        self.seconds = 0.0  # that the last frame took, without the way here and back
        command = [str(part) for part in (python, _WORKER, path, method.lower(), scale, threads)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, frame: Picture) -> Picture:
        """(h, w, 3) uint8 BGR -> (s*h, s*w, 3) uint8 BGR."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        to.write(struct.pack("=ii", *frame.shape[:2]) + frame.tobytes())
        to.flush()
        self.seconds, height, width = struct.unpack("=dii", _read(back, 16))
        pixels = np.frombuffer(_read(back, height * width * 3), np.uint8)
        return pixels.reshape(height, width, 3)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _read(pipe: IO[bytes], count: int) -> bytes:
    read = pipe.read(count)
    if len(read) < count:
        raise RuntimeError("dnn_superres ended; its own words are above")
    return read


def times_in_turn(candidates: dict[str, Upscales], runs: int) -> dict[str, Milliseconds]:
    """Milliseconds of so many frames of 320x180 of each, in turn."""
    frame = scene(*_SIZE)
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    with ProgressLine("timing", runs) as line:
        for run in range(-_WARM_UP, runs):
            for name, upscaler in candidates.items():
                seconds = _seconds(upscaler, frame)
                if run >= 0:
                    taken[name].append(seconds * 1000)
            line.update(max(run + 1, 0))
    return {name: np.array(times) for name, times in taken.items()}


def _seconds(upscaler: Upscales, frame: Picture) -> float:
    started = time.perf_counter()
    upscaler(frame)
    whole = time.perf_counter() - started
    return upscaler.seconds if isinstance(upscaler, DnnSuperres) else whole


def speed_table(found: dict[str, Milliseconds]) -> str:
    """Markdown: median milliseconds, and how often each fits into the time of every other.

    In brackets: where the ratio is in 95 of 100 cases.
    """
    names = list(found)
    lines = [f"| | ms | {' | '.join(f'times {name}' for name in names)} |"]
    lines.append("|---" * (len(names) + 2) + "|")
    for name, own in found.items():
        ratios = " | ".join(str(ratio(own, other)) for other in found.values())
        lines.append(f"| {name} | {np.median(own):.2f} | {ratios} |")
    return "\n".join(lines)


def load_peers(options: argparse.Namespace) -> dict[str, Upscales]:
    """By the names of their files. Raises InputError for a file that is no peer."""
    meaning = Meaning(options.peer_white, options.peer_colours)
    return {
        path.stem: DnnSuperres(path, options.opencv_4, options.threads)
        if path.suffix == ".pb"
        else Foreign(path, meaning, options.threads)
        for path in options.peers
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="sharp originals, a folder a set")
    parser.add_argument("--models", nargs="+", required=True, help="names or .tflite files")
    parser.add_argument("--peers", nargs="*", type=Path, default=[], help=".pb, .onnx, .tflite")
    parser.add_argument("--peer-white", type=float, default=1.0, help="white in .onnx and .tflite")
    parser.add_argument("--peer-colours", choices=("rgb", "bgr"), default="rgb")
    parser.add_argument("--opencv-4", type=Path, default=OPENCV_4, help="a Python that has it")
    parser.add_argument("--threads", type=int, default=2, help="for each candidate")
    parser.add_argument("--runs", type=int, default=50, help="timed frames of each")
    parser.add_argument("--lpips-weights", type=Path, help="an .npz of LPIPS's AlexNet weights")
    parser.add_argument("--json", type=Path, help="write quality and times to this file too")
    parser.add_argument("--plot", type=Path, help="draw quality against milliseconds (PNG)")
    return parser.parse_args()


def main() -> int:
    """Measure and print."""
    options = _options()
    judge = Lpips(options.lpips_weights) if options.lpips_weights else None
    cv2.setNumThreads(options.threads)
    peers, ours = load_peers(options), load(options.models, options.threads)
    times = times_in_turn({"bicubic": Bicubic(), **peers, **ours}, options.runs)
    machine = this_machine().name
    print(f"320x180, {options.threads} threads, {machine}\n\n{speed_table(times)}")
    measured: dict[str, Upscales] = {**peers, **ours}  # bicubic comes with each of them
    found: Figures = {folder.name: means(measured, folder, judge) for folder in options.folders}
    if found:
        print(f"\nPSNR-Y in dB / SSIM-Y{' / LPIPS' if judge else ''}\n\n{table(found)}")
    medians = {name: float(np.median(one)) for name, one in times.items()}
    if options.json:
        about = {"machine": machine, "threads": options.threads, "milliseconds": medians}
        write_text(options.json, json.dumps({**about, "quality": as_rows(found)}, indent=1) + "\n")
    if options.plot:
        caption = f"320x180, {options.threads} threads, {machine}, {datetime.date.today()}"
        write_bytes(options.plot, plot(found, medians, set(ours), caption))
    for peer in peers.values():
        if isinstance(peer, DnnSuperres):
            peer.close()
    return 0


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
