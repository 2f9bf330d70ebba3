"""How good models are on pictures as real cameras deliver them: noise, then a real codec.

    python -m benchmarks.camera_quality FOLDER edge edge-camera --lpips-weights ALEX.npz

Every original in FOLDER (Kodak24) is reduced by antialiased bicubic, gets photon noise, and goes
through JPEG or H.264 at a fixed strength, none of it as a training recipe would draw it: shot noise
(Poisson) of so many photons at white, libjpeg by Pillow, x264 by FFmpeg with its own defaults. The
noise of a picture is always the same.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from benchmarks.quality import Figures, load, means, table, write_figures
from srgan_edge.evaluation import Reduce, mean_quality
from srgan_edge.lpips import Lpips
from srgan_edge.quality import Judge, Picture, degrade
from srgan_edge.upscales import Upscales

PHOTONS = 1000  # at white: noise of 3 % there, as of a small sensor in a lit room
Codec = Callable[[Picture], Picture]


def shot_noise(picture: Picture) -> Picture:
    """Poisson noise of `PHOTONS` at white, seeded by the picture: (h, w, 3) uint8 to the same."""
    seed = int.from_bytes(hashlib.sha256(picture.tobytes()).digest()[:8], "little")
    photons = np.random.default_rng(seed).poisson(picture / 255.0 * PHOTONS)
    return np.clip(np.rint(photons / PHOTONS * 255), 0, 255).astype(np.uint8)


def jpeg(quality: int) -> Codec:
    """Baseline JPEG with 4:2:0 colour, by Pillow."""

    def codec(rgb: Picture) -> Picture:
        data = io.BytesIO()
        Image.fromarray(rgb).save(data, "JPEG", quality=quality)
        return np.asarray(Image.open(data).convert("RGB"))

    return codec


def h264(crf: int) -> Codec:
    """One x264 frame with FFmpeg's defaults (preset medium, 4:2:0), in an MP4 file and back."""

    def codec(rgb: Picture) -> Picture:
        height, width = rgb.shape[:2]
        even = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            with av.open(file.name, "w") as target:
                stream: Any = target.add_stream("libx264", rate=25, options={"crf": str(crf)})
                stream.height, stream.width = even.shape[:2]
                stream.pix_fmt = "yuv420p"
                frame = av.VideoFrame.from_ndarray(even, "rgb24")
                target.mux([*stream.encode(frame), *stream.encode(None)])
            with av.open(file.name) as source:
                decoded = next(source.decode(video=0)).to_ndarray(format="rgb24")
        return np.asarray(decoded[:height, :width], np.uint8)

    return codec


CONDITIONS: dict[str, Codec] = {
    "noise": lambda picture: picture,
    **{f"noise, JPEG {quality}": jpeg(quality) for quality in (70, 50, 30)},
    **{f"noise, H.264 CRF {crf}": h264(crf) for crf in (28, 32, 35)},
}


def through(codec: Codec) -> Reduce:
    """HR to what such a camera sends of it."""
    return lambda hr, scale: codec(shot_noise(degrade(hr, scale)))


def measure(
    upscalers: Mapping[str, Upscales], folder: Path, judge: Judge | None, conditions: Sequence[str]
) -> Figures:
    """Quality under each condition, and the mean over them."""
    found = {
        condition: means(upscalers, folder, judge, through(CONDITIONS[condition]))
        for condition in conditions
    }
    names = found[conditions[0]]
    mean = {name: mean_quality([found[one][name] for one in conditions]) for name in names}
    return {**found, "mean": mean}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="sharp originals")
    parser.add_argument("models", nargs="+", help="names or .tflite files")
    parser.add_argument("--lpips-weights", type=Path, help="an .npz of LPIPS's AlexNet weights")
    parser.add_argument("--quick", action="store_true", help="two conditions only")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    judge = Lpips(options.lpips_weights) if options.lpips_weights else None
    conditions = list(CONDITIONS)[2:5:2] if options.quick else list(CONDITIONS)
    found = measure(load(options.models), options.folder, judge, conditions)
    print(table(found))
    if options.json:
        write_figures(options.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
