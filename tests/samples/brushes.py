"""Brushes for make_samples.py: noise, sky, mountains, masonry, windows, trees and leaves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Img = npt.NDArray[np.float32]
Rng = np.random.Generator
Rgb = tuple[float, float, float]
Points = list[tuple[float, float]]

W, H, UNIT = 2560, 1440, 1.6  # the canvas; every position below is given on 1600x900
HORIZON = 450.0  # the height of the far shore


@dataclass(frozen=True)
class Mood:
    """A time of day: seed, sky at the top and at the horizon, sun glow, light, clouds."""

    seed: int
    top: Rgb
    low: Rgb
    sun: Rgb
    light: Rgb
    cover: float


def f32(values: npt.ArrayLike) -> Img:
    """Return the values as a float32 array."""
    return np.asarray(values, np.float32)


def noise(rng: Rng, h: int, w: int, cx: float, cy: float, octaves: int = 6) -> Img:
    """Return fractal noise of zero mean and unit deviation; the largest cell is cx by cy."""
    out = np.zeros((h, w), np.float32)
    for k in range(octaves):
        shape = (int(h * 2**k / cy) + 3, int(w * 2**k / cx) + 3)
        if min(cx, cy) / 2**k < 1:
            break
        grid = f32(rng.random(shape)) - 0.5
        out += f32(cv2.resize(grid, (w, h), interpolation=cv2.INTER_CUBIC)) * 0.55**k
    return f32((out - out.mean()) / out.std())


def smooth(x: Img, low: float, high: float) -> Img:
    """Return the smooth step of x from 0 at low to 1 at high."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return f32(t * t * (3 - 2 * t))


def mix(a: Img | Rgb, b: Img | Rgb, t: Img | float) -> Img:
    """Blend from colour a to colour b; a two-dimensional t is spread over the channels."""
    weight = f32(t)[..., None] if np.ndim(t) == 2 else f32(t)
    return f32(f32(a) + (f32(b) - f32(a)) * weight)


def over(base: Img, layer: Img) -> Img:
    """Put a premultiplied layer over a picture or over another layer."""
    return f32(base * (1 - layer[..., 3:]) + layer[..., : base.shape[2]])


def px(points: Points) -> npt.NDArray[np.int32]:
    """Return positions on the 1600x900 plan as pixels of the canvas."""
    return np.rint(np.array(points) * UNIT).astype(np.int32)


def poly(layer: Img, points: Points, rgb: Rgb) -> None:
    """Fill a polygon of a layer with an opaque colour."""
    cv2.fillPoly(layer, [px(points)], (*rgb, 1.0))


def line(layer: Img, points: Points, rgb: Rgb, width: float) -> None:
    """Draw an open line of a layer."""
    cv2.polylines(layer, [px(points)], False, (*rgb, 1.0), max(1, round(width * UNIT)))


def shade(layer: Img, points: Points, blur: float, strength: float) -> None:
    """Darken a soft-edged polygon of a layer."""
    mask = np.zeros(layer.shape[:2], np.float32)
    cv2.fillPoly(mask, [px(points)], 1.0)
    soft = f32(cv2.blur(cv2.blur(mask, (int(blur), int(blur))), (int(blur), int(blur))))
    layer[..., :3] *= 1 - strength * soft[..., None]


def stamp(layer: Img, tex: Img, quad: Points) -> None:
    """Warp a texture onto four corners (clockwise from top left) of a layer."""
    h, w = tex.shape[:2]
    full = tex if tex.shape[2] == 4 else np.dstack([tex, np.ones((h, w), np.float32)])
    corners = f32([(0, 0), (w, 0), (w, h), (0, h)])
    matrix = cv2.getPerspectiveTransform(corners, f32(quad) * f32(UNIT))
    layer[:] = over(layer, f32(cv2.warpPerspective(full, matrix, (W, H))))


def sky(rng: Rng, mood: Mood) -> Img:
    """Paint the sky: a gradient, the glow of the sun and lit clouds."""
    y, x = np.mgrid[:H, :W].astype(np.float32)
    t = np.clip(y / (HORIZON * UNIT), 0, 1)
    out = mix(mood.top, mood.low, f32(t**1.2))
    glow = np.exp(-np.hypot(x - 0.62 * W, y - 0.26 * H) / (0.22 * W))
    out = mix(out, mood.sun, f32(0.55 * glow))
    field = noise(rng, H, W, 460, 230, 9)
    far = 0.62 / (1.32 - t)
    cloud = f32(
        cv2.remap(
            field,
            f32(x * 0.5 + (x - W / 2) * far * 0.3 + 200),
            f32(far * 640),
            1,
            borderMode=cv2.BORDER_REFLECT_101,
        )
    )
    move = f32([[1, 0, 12], [0, 1, 26]])
    soft = cv2.warpAffine(cloud, move, (W, H), borderMode=cv2.BORDER_REPLICATE)
    lit = f32(cloud - cv2.GaussianBlur(soft, (0, 0), 9))
    puff = mix(
        mix(mood.low, (0.50, 0.53, 0.62), 0.6),
        mix(mood.sun, (1, 1, 1), 0.5),
        smooth(lit, -0.9, 0.6),
    )
    return mix(out, puff, f32(smooth(cloud, 0.55 - mood.cover, 1.9 - mood.cover) * 0.93))


def mountain(
    rng: Rng, out: Img, mood: Mood, base: float, size: float, rgb: Rgb, haze: float, snow: bool
) -> Img:
    """Paint a mountain range with gullies and haze over the picture."""
    y, x = np.mgrid[:H, :W].astype(np.float32)
    rough = noise(rng, 4, W, 500 + 3 * size, 4e3, 9)[0]
    top = (base - size * (0.92 - 0.36 * np.abs(rough)) - size * 0.08 * rough) * UNIT
    depth = y - f32(top)
    bend = noise(rng, H, W, 260, 260, 7)
    field = 1 - np.abs(noise(rng, H, W, 190, 380, 8))
    relief = cv2.remap(
        f32(field),
        f32(x + 34 * bend + depth * 0.25),
        f32(depth + 260),
        1,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    slope = f32(cv2.Sobel(cv2.GaussianBlur(relief, (0, 0), 1.6), cv2.CV_32F, 1, 0))
    light = f32(np.tanh(slope * 3.0) * 0.5 + 0.5)
    rock = mix(mix(rgb, (0.05, 0.08, 0.16), 0.55), mix(rgb, mood.sun, 0.35), light)
    if snow:
        cap = smooth(f32(depth + 55 * bend - 60 * field), 130, 40)
        rock = mix(rock, mix((0.50, 0.58, 0.74), (1.0, 0.98, 0.96), light), cap)
    mist = np.clip(haze + 0.30 * smooth(y, (base - size) * UNIT, HORIZON * UNIT), 0, 1)
    return mix(out, mix(rock, mood.low, f32(mist)), smooth(depth, -1, 1))


def woods(rng: Rng, out: Img, mood: Mood, base: float, tall: float, haze: float) -> None:
    """Paint a far shore of conifers, each with a lit and a shaded side."""
    rise = noise(rng, 4, 1700, 420, 4e3, 5)[0]
    for row in range(5):
        for x in np.arange(-10, 1610, tall * 0.28):
            foot = base - (4 - row) * tall * 0.32 * (1 + 0.5 * rise[int(x) + 20])
            x0, t = x + rng.normal(0, 3), tall * rng.uniform(0.6, 1.15)
            dark = mix((0.07, 0.15, 0.10), (0.17, 0.26, 0.12), rng.random())
            for side, gain in ((-1, 1.35), (1, 0.75)):
                edge = [
                    (x0 + side * t * (0.03 + 0.17 * k / 4 + 0.05 * (k % 2)), foot - t * (1 - k / 4))
                    for k in range(5)
                ]
                tone = mix(f32(dark * gain), mood.low, haze * (1.3 - 0.12 * row))
                cv2.fillPoly(out, [px([(x0, foot - t), *edge, (x0, foot)])], tone.tolist())


def bricks(rng: Rng, h: int, w: int, bw: int, bh: int, low: Rgb, high: Rgb) -> Img:
    """Return a wall of bricks or stones with mortar, worn edges and speckles."""
    y, x = np.mgrid[:h, :w].astype(np.float32)
    y = y + noise(rng, h, w, bw, bw) * bh * 0.04
    row = np.clip(y // bh, 0, None).astype(int)
    x = np.abs(x + (row % 2) * bw / 2 + noise(rng, h, w, bh, bh) * bh * 0.05)
    tone = rng.random((h // bh + 3, w // bw + 3))[row, (x // bw).astype(int)]
    u, v = np.minimum(x % bw, bw - x % bw) / bh, y % bh / bh
    face = smooth(f32(np.minimum(np.minimum(v, 1 - v), u)), 0.04, 0.15)
    clay = mix(low, high, f32(tone)) * f32(1.12 - 0.3 * v)[..., None]
    wall = mix((0.60, 0.56, 0.50), f32(clay), face)
    stain = 1 + 0.07 * noise(rng, h, w, bh / 3, bh / 3) + 0.06 * noise(rng, h, w, 9 * bh, 9 * bh)
    return f32(np.clip(wall * stain[..., None], 0, 1))


def tiles(rng: Rng, h: int, w: int, tw: int, th: int) -> Img:
    """Return a roof of pantiles: rolling columns, overlapping rows, moss."""
    y, x = np.mgrid[:h, :w].astype(np.float32)
    roll = np.cos(2 * np.pi * x / tw)
    v = (y + roll * th * 0.12 + noise(rng, h, w, tw, tw) * th * 0.04) / th + 1
    tone = rng.random((h // th + 4, w // tw + 2))[v.astype(int), (x // tw).astype(int)]
    lit = (0.78 + 0.26 * np.sin(2 * np.pi * x / tw + 0.6)) * (0.55 + 0.5 * smooth(v % 1, 0, 0.3))
    roof = mix((0.50, 0.22, 0.15), (0.72, 0.38, 0.25), f32(tone)) * f32(lit)[..., None]
    moss = smooth(noise(rng, h, w, 160, 110), 0.9, 2.2) * 0.7
    grit = 1 + 0.06 * noise(rng, h, w, 5, 5)
    return f32(mix(f32(roof), (0.30, 0.33, 0.17), f32(moss)) * grit[..., None])


def planks(rng: Rng, h: int, w: int, board: int, rgb: Rgb) -> Img:
    """Return horizontal boards with grain and dark joints."""
    grain = 1 + 0.10 * noise(rng, h, w, 260, 7) + 0.05 * noise(rng, h, w, 40, 40)
    y = np.arange(h)
    tone = rng.uniform(0.86, 1.1, h // board + 1)[y // board] * np.where(y % board < 3, 0.45, 1)
    return f32(np.clip(f32(rgb) * (grain * tone[:, None])[..., None], 0, 1))


def window(rng: Rng, wall: Img, x: int, y: int, k: float) -> None:
    """Paint a window with frame, panes, shutters, sill and flowers into a wall texture."""

    def box(x0: float, y0: float, x1: float, y1: float, rgb: Rgb) -> None:
        a, b = (int(x + x0 * k), int(y + y0 * k)), (int(x + x1 * k), int(y + y1 * k))
        cv2.rectangle(wall, a, b, f32(rgb).tolist(), -1)

    box(-36, 2, 97, 108, (0.24, 0.14, 0.11))
    for left in (-34, 66):
        box(left, -4, left + 30, 104, (0.16, 0.36, 0.36))
        for s in range(22):
            box(left + 4, 2 + s * 4.5, left + 26, 4 + s * 4.5, (0.26, 0.50, 0.48))
    box(-3, -5, 65, 105, (0.93, 0.91, 0.86))
    for col in range(2):
        for row in range(3):
            x0, y0 = 3 + col * 30, 2 + row * 34
            for s in range(15):
                t = (s + 5 * row + 3 * col) / 32
                glass = mix((0.17, 0.24, 0.33), (0.62, 0.74, 0.82), f32(t))
                box(x0, y0 + s * 2, x0 + 26, y0 + s * 2 + 2, (glass[0], glass[1], glass[2]))
            box(x0, y0, x0 + 26, y0 + 3, (0.10, 0.13, 0.17))
    box(-10, 104, 72, 111, (0.80, 0.77, 0.70))
    box(-10, 111, 72, 115, (0.28, 0.16, 0.13))
    hues = f32([(0.20, 0.38, 0.14), (0.34, 0.52, 0.20), (0.85, 0.20, 0.24), (0.95, 0.60, 0.66)])
    for i in range(150):
        c = (int(x + rng.uniform(-6, 68) * k), int(y + (99 + rng.normal(0, 4)) * k))
        cv2.circle(wall, c, int(1.8 * k), hues[min(3, i // 50 + int(rng.integers(2)))].tolist(), -1)


def branch(
    layer: Img,
    rng: Rng,
    at: tuple[float, float],
    angle: float,
    length: float,
    width: float,
    tips: Points,
) -> None:
    """Grow a branch and all its twigs; remember where the leaves go."""
    path = [at]
    for _ in range(4):
        angle += rng.normal(0, 0.13)
        x, y = path[-1]
        path.append((x + np.cos(angle) * length / 4, y + np.sin(angle) * length / 4))
    tone = rng.uniform(0.8, 1.2)
    line(layer, path, (0.20 * tone, 0.15 * tone, 0.12 * tone), width)
    side = [(x - width * 0.22, y - width * 0.1) for x, y in path]
    line(layer, side, (0.42 * tone, 0.34 * tone, 0.27 * tone), width * 0.35)
    if length < 34:
        tips.extend(path[2:])
    if length < 10:
        return
    for turn in (-1, 0, 1) if length > 28 else (-1, 1):
        lean = angle + turn * rng.uniform(0.3, 0.65) + rng.normal(0, 0.1)
        branch(
            layer,
            rng,
            path[-1 if rng.random() < 0.7 else -2],
            lean,
            length * rng.uniform(0.62, 0.84),
            width * 0.62,
            tips,
        )


def leaves(
    layer: Img,
    rng: Rng,
    tips: Points,
    count: int,
    spread: float,
    size: float,
    dark: Rgb,
    light: Rgb,
) -> None:
    """Scatter leaves around the tips, the shaded ones first."""
    spots = f32(tips)[rng.integers(0, len(tips), count)]
    off = rng.normal(0, 1, (count, 2))
    sunny = (-off[:, 0] - off[:, 1]) * 0.22 + rng.normal(0, 0.16, count)
    spots = f32(spots + off * spread)
    span = f32(np.ptp(spots, axis=0) + 1)
    sunny += 0.75 - ((spots - spots.min(0)) / span).sum(1) * 0.45
    for i in np.argsort(sunny):
        rgb = np.clip(mix(dark, light, float(np.clip(sunny[i], 0, 1))), 0, 1)
        axes = (max(1, int(size * UNIT * rng.uniform(0.7, 1.3))), max(1, int(size * UNIT * 0.5)))
        spot = (int(spots[i, 0] * UNIT), int(spots[i, 1] * UNIT))
        cv2.ellipse(layer, spot, axes, float(rng.uniform(0, 180)), 0, 360, (*rgb.tolist(), 1.0), -1)
