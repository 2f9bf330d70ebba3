"""Make the sample pictures of this folder: a lakeside harbour painted by nothing but code.

Layers (sky and mountains, the house on its quay, a boat, the near bank) are painted at
2560x1440 with fractal noise and then reduced, so the small pictures carry fine, natural detail.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

# isort: split
from brushes import HORIZON, UNIT, Img, Mood, f32, mix, noise, over, smooth
from scenery import (
    KEEL,
    QUAY,
    board,
    paint_back,
    paint_boat,
    paint_near,
    paint_shore,
    wall,
)

HERE = Path(__file__).resolve().parent
DAY = Mood(7, (0.20, 0.43, 0.74), (0.80, 0.87, 0.90), (1.0, 0.95, 0.82), (1.0, 0.98, 0.93), 0.25)
DUSK = Mood(21, (0.23, 0.25, 0.48), (0.98, 0.68, 0.45), (1.0, 0.66, 0.34), (0.80, 0.62, 0.57), 0.0)
DAWN = Mood(33, (0.46, 0.60, 0.76), (0.95, 0.86, 0.78), (1.0, 0.86, 0.68), (0.88, 0.85, 0.86), 0.5)


@dataclass
class Scene:
    """The painted layers; all but the first carry premultiplied alpha."""

    mood: Mood
    back: Img
    shore: Img
    boat: Img
    near: Img


def paint(mood: Mood) -> Scene:
    """Paint all layers of a scene."""
    rngs = [np.random.default_rng((mood.seed, k)) for k in range(4)]
    return Scene(
        mood,
        paint_back(rngs[0], mood),
        paint_shore(rngs[1], mood),
        paint_boat(rngs[2], mood),
        paint_near(rngs[3], mood),
    )


@lru_cache(maxsize=2)
def swell(seed: int) -> Img:
    """Return the noise the waves are made of."""
    return noise(np.random.default_rng(seed), 1024, 1024, 110, 110, 6)


def ripples(seed: int, h: int, w: int, phase: float) -> Img:
    """Return the waves of a water plane seen in perspective, moving with the phase."""
    field = swell(seed)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    depth = 1 / (y / h + 0.06)
    out = np.zeros((h, w), np.float32)
    for drift, gain in ((1.0, 0.6), (-0.7, 0.5)):
        u, v = (x / w - 0.5) * depth * 900 + 31 * drift * phase, depth * 1500 + 24 * drift * phase
        out += gain * f32(
            cv2.remap(field, f32(u + 2000), f32(v), 1, borderMode=cv2.BORDER_REFLECT_101)
        )
    return out


def mirror(layer: Img, waterline: float, waves: Img, keep: float) -> Img:
    """Return the broken reflection of a layer below its waterline."""
    h, w = layer.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    top, foot = HORIZON / 900 * h, waterline / 900 * h
    far = np.clip((y - top) / (h - top), 0, 1)
    push = np.zeros((h, w), np.float32)
    push[h - waves.shape[0] :] = waves
    shift = push * (0.003 + 0.020 * far) * h
    out = f32(
        cv2.remap(
            layer,
            x + shift * 0.35,
            np.minimum(2 * foot - y + shift, foot - 1),
            1,
            borderMode=cv2.BORDER_REFLECT_101,
        )
    )
    return f32(out * (keep * (y >= foot))[..., None])


def compose(scene: Scene, phase: float = 0.0, sail_by: float = 0.0) -> Img:
    """Put the layers together with water at the phase and the boat moved along."""
    h, w = scene.back.shape[:2]
    top = int(HORIZON / 900 * h)
    waves = ripples(scene.mood.seed, h - top, w, phase)
    far = np.linspace(0, 1, h - top, dtype=np.float32)[:, None]
    deep = mix(f32(scene.mood.top) * 0.55, (0.07, 0.20, 0.23), 0.45)
    water = mix(
        mirror(scene.back, HORIZON, waves, 1.0)[top:],
        deep,
        f32(np.clip(0.22 + 0.42 * far + 0.13 * waves, 0, 0.9)),
    )
    spark = smooth(waves, 1.0, 2.2) * (0.25 + 0.5 * far)
    out = scene.back.copy()
    out[top:] = mix(water, scene.mood.sun, f32(spark * 0.6))
    move = f32([[1, 0, sail_by * w / 1600], [0, 1, 0]])
    boat = f32(cv2.warpAffine(scene.boat, move, (w, h)))
    out = over(over(out, mirror(scene.shore, QUAY, waves, 0.72)), scene.shore)
    out = over(over(out, mirror(boat, KEEL, waves, 0.78)), boat)
    return over(out, scene.near)


def finish(picture: Img, seed: int, size: tuple[int, int], grain: float) -> Image.Image:
    """Reduce a picture with an antialiased bicubic filter and add contrast and grain."""
    tone = np.clip(picture, 0, 1)
    tone = tone + 0.12 * (smooth(f32(tone), 0, 1) - tone)
    small = Image.fromarray(np.rint(tone * 255).astype(np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    dots = np.random.default_rng(seed).normal(0, grain, (size[1], size[0], 1))
    return Image.fromarray(np.clip(np.rint(np.asarray(small) + dots), 0, 255).astype(np.uint8))


def crop(picture: Img, x: float, y: float, width: float, size: tuple[int, int]) -> Image.Image:
    """Return a part of a composed scene, placed on the 1600x900 plan, at the given size."""
    box = np.rint(np.array([x, y, x + width, y + width * size[1] / size[0]]) * UNIT).astype(int)
    return finish(f32(picture[box[1] : box[3], box[0] : box[2]]), int(x + y), size, 1.0)


def still_lifes() -> dict[str, Image.Image]:
    """Return the close-ups that are not part of a scene."""
    rng = np.random.default_rng(5)
    bricks = wall(rng, 1.6, [(110, 150)])[60:633, :771]
    dapple = 1 - 0.45 * smooth(noise(rng, 573, 771, 170, 170, 4), -0.2, 0.7)
    rows = [
        ("LAKE FERRY", 178, 150),
        ("Weekdays 7:15  9:30  12:45  18:20", 70, 315),
        ("Sundays and feasts 10:00 only", 70, 425),
        ("Return 4.60   Child 2.30", 92, 575),
        ("Please ring the bell twice", 80, 720),
        ("& mind the step", 80, 825),
    ]
    notice = board(rng, rows, (0.20, 0.33, 0.24), 940)
    return {
        "brick_window": finish(f32(bricks * dapple[..., None]), 3, (257, 191), 1.0),
        "notice": finish(f32(notice * np.linspace(1.05, 0.8, 1240)[:, None]), 4, (264, 200), 1.0),
    }


def photos() -> dict[str, Image.Image]:
    """Return the training pictures by name."""
    dusk, dawn = compose(paint(DUSK), 3, -190), compose(paint(DAWN), 8, 60)
    return still_lifes() | {
        "dusk_lake": crop(dusk, 500, 100, 960, (288, 216)),
        "dusk_water": crop(dusk, 560, 530, 520, (320, 200)),
        "dawn_bay": crop(dawn, 0, 40, 1100, (256, 192)),
        "dawn_roof": crop(dawn, 130, 205, 460, (272, 208)),
        "foliage": crop(dawn, 1150, 190, 420, (256, 192)),
        "meadow": crop(dawn, 960, 452, 558, (320, 256)),
    }


def clip(scene: Scene, path: Path, frames: int = 48) -> None:
    """Write a slow pan and zoom over the scene with moving water and boat."""
    small = [
        f32(cv2.resize(layer, (960, 540), interpolation=cv2.INTER_AREA))
        for layer in (scene.back, scene.shore, scene.boat, scene.near)
    ]
    scene = Scene(scene.mood, *small)
    fourcc = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), fourcc, 24, (320, 180))
    for k in range(frames):
        t = k / (frames - 1)
        frame = compose(scene, 0.12 * k, -130 + 70 * t)
        scale = 640 / (940 - 130 * t)
        view = f32([[scale, 0, -scale * (10 + 72 * t)], [0, scale, -scale * (6 + 52 * t)]])
        part = f32(cv2.warpAffine(frame, view, (640, 360)))
        picture = np.asarray(finish(part, k, (320, 180), 0.0))[..., ::-1]
        writer.write(cv2.GaussianBlur(picture, (0, 0), 0.52))  # a soft lens, for a small file
    writer.release()


def main() -> None:
    """Write the demo picture, the clip and the training pictures."""
    (HERE / "photos").mkdir(exist_ok=True)
    scene = paint(DAY)
    finish(compose(scene, 0, -75), 1, (320, 180), 1.0).save(HERE / "harbour.png", optimize=True)
    clip(scene, HERE / "clip.mp4")
    for name, picture in photos().items():
        picture.save(HERE / "photos" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
