"""What the live loop keeps of the model's own rate, alone and with people looking.

    python -m benchmarks.live_rate

A 320x180 file goes through `srgan-edge webcam` with one model thread: with nothing shown, with one
browser looking, and with 30 of which 5 read nothing. Before and after each the model runs alone in
the same way, on the same frames; the ratio is to the mean of the two. Also the peak memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import aiohttp
import numpy as np

from srgan_edge import Upscaler
from srgan_edge.quality import Picture
from srgan_edge.sinks import Recording, View
from srgan_edge.sources import open_source, parse_source

_CLIP = Path(__file__).parents[1] / "tests" / "samples" / "clip.mp4"
_SETTINGS = {"nothing shown": (0, 0), "one browser": (1, 0), "30 browsers, 5 idle": (25, 5)}


def frames_of(path: Path, times: int) -> list[Picture]:
    """All frames of a video, so many times over."""
    frames = []
    with closing(open_source(parse_source(str(path)))) as source:
        while (frame := source.read()) is not None:
            frames.append(frame)
    return frames * times


def write_clip(frames: Sequence[Picture], path: Path) -> None:
    """As H.264 at 25 frames a second."""
    recording = Recording(path, 25.0)
    for index, frame in enumerate(frames):
        recording.show(View(frame, frame, index / 25))
    recording.close()


def rate_alone(upscaler: Upscaler, frames: Sequence[Picture]) -> float:
    """Frames a second of the model's call."""
    started = time.perf_counter()
    for frame in frames:
        upscaler(frame)
    return len(frames) / (time.perf_counter() - started)


def rate_live(clip: Path, model: str, reading: int, idle: int) -> tuple[float, float]:
    """Frames a second of the command, and its peak memory in MB."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        stats = Path(folder) / "stats.json"
        command = [sys.executable, "-c", _RUN, "webcam", "--source", str(clip), "--model", model]
        command += ["--threads", "1", "--stats", str(stats)]
        shown = ["browser", "--bind", str(port)] if reading else ["none"]
        pipe = subprocess.PIPE
        with subprocess.Popen([*command, "--show", *shown], stdout=pipe, stderr=pipe) as running:
            if reading:
                asyncio.run(_look(running, f"http://127.0.0.1:{port}/live", reading, idle))
            out, errors = running.communicate()
        if running.returncode:
            raise RuntimeError(errors.decode())
        return json.loads(stats.read_text())["fps"], int(out.split()[-1]) / 1024


# The command line, and then how much memory it took at most.
_RUN = """
import resource, sys
from srgan_edge.cli import run
code = run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


async def _look(running: subprocess.Popen[bytes], url: str, reading: int, idle: int) -> None:
    async with aiohttp.ClientSession() as session:
        viewers = [_view(session, running, url, reads=True) for _ in range(reading)]
        viewers += [_view(session, running, url, reads=False) for _ in range(idle)]
        await asyncio.gather(*viewers)


async def _view(
    session: aiohttp.ClientSession, running: subprocess.Popen[bytes], url: str, reads: bool
) -> None:
    """Look until the command ends."""
    while running.poll() is None:
        with suppress(aiohttp.ClientError):
            async with session.ws_connect(url, max_msg_size=0) as viewer:
                while not reads and running.poll() is None:
                    await asyncio.sleep(0.1)
                async for message in viewer:
                    if message.type is aiohttp.WSMsgType.BINARY:
                        await viewer.send_json({"shown": True})
        await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def live_table(rounds: int, model: str = "edge", times: int = 10) -> str:
    """Markdown: frames a second, their share of the model's own, peak memory; medians of rounds.

    Args:
        rounds: of each setting.
        model: a name or a .tflite file.
        times: how often the clip is gone through in a round.
    """
    frames, upscaler = frames_of(_CLIP, times), Upscaler(model, threads=1)
    lines = ["| | frames/s | of the model's own rate | peak MB |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(frames, clip)
        for name, (reading, idle) in _SETTINGS.items():
            found = [_round(upscaler, frames, clip, model, reading, idle) for _ in range(rounds)]
            rate, ratio, memory = np.median(found, axis=0)
            lines.append(f"| {name} | {rate:.1f} | {ratio:.2f} | {memory:.0f} |")
    return "\n".join(lines)


def _round(
    upscaler: Upscaler, frames: Sequence[Picture], clip: Path, model: str, reading: int, idle: int
) -> tuple[float, float, float]:
    before = rate_alone(upscaler, frames[:200])
    live, memory = rate_live(clip, model, reading, idle)
    alone = (before + rate_alone(upscaler, frames[:200])) / 2
    return live, live / alone, memory


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="edge", help="a name or a .tflite file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of a short clip")
    options = parser.parse_args()
    rounds, times = (1, 1) if options.quick else (options.rounds, 10)
    print(live_table(rounds, options.model, times))
    return 0


if __name__ == "__main__":
    sys.exit(main())
