"""The layers of the scene: far shore, quay with the house, boat and near bank."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

# isort: split
from brushes import (
    HORIZON,
    H,
    Img,
    Mood,
    Points,
    Rgb,
    Rng,
    W,
    branch,
    bricks,
    f32,
    leaves,
    line,
    mix,
    mountain,
    noise,
    planks,
    poly,
    px,
    shade,
    sky,
    smooth,
    stamp,
    tiles,
    window,
    woods,
)

QUAY, KEEL = 606.0, 646.0  # the waterlines of the quay and of the boat
WHITE: Rgb = (0.94, 0.93, 0.88)


def blank() -> Img:
    """Return an empty layer."""
    return np.zeros((H, W, 4), np.float32)


def lit(rng: Rng, layer: Img, mood: Mood) -> Img:
    """Tint a layer with the light of the day and break up its flat parts."""
    speckle = 1 + 0.045 * noise(rng, H, W, 90, 90, 7)
    layer[..., :3] = np.clip(layer[..., :3] * f32(mood.light) * speckle[..., None], 0, 1)
    return layer


def paint_back(rng: Rng, mood: Mood) -> Img:
    """Paint everything behind the water."""
    out = sky(rng, mood)
    out = mountain(rng, out, mood, 440, 330, (0.42, 0.46, 0.56), 0.42, True)
    out = mountain(rng, out, mood, 446, 165, (0.36, 0.44, 0.44), 0.30, False)
    out = mountain(rng, out, mood, 450, 88, (0.27, 0.38, 0.25), 0.16, False)
    woods(rng, out, mood, HORIZON, 17, 0.20)
    return out


def wall(rng: Rng, k: float, shutters: Points) -> Img:
    """Return a brick wall with windows, 840x520 times k."""
    tex = bricks(
        rng,
        int(520 * k),
        int(840 * k),
        int(42 * k),
        int(19 * k),
        (0.43, 0.19, 0.14),
        (0.70, 0.37, 0.26),
    )
    for x, y in shutters:
        window(rng, tex, int(x * k), int(y * k), 1.75 * k)
    return tex


def house(rng: Rng, layer: Img) -> None:
    """Paint the brick house with its gable, pantiles, door and chimney."""
    stamp(
        layer,
        bricks(rng, 260, 150, 26, 12, (0.40, 0.18, 0.14), (0.66, 0.34, 0.25)),
        [(408, 222), (448, 222), (448, 320), (408, 320)],
    )
    poly(layer, [(402, 216), (454, 216), (454, 226), (402, 226)], (0.52, 0.47, 0.42))
    shade(layer, [(432, 224), (449, 224), (449, 320), (432, 320)], 5, 0.4)
    front = wall(rng, 1.0, [(100, 160), (650, 160)])
    cv2.rectangle(front, (352, 150), (502, 520), (0.88, 0.86, 0.80), -1)
    door = planks(rng, 122, 352, 20, (0.13, 0.33, 0.38))
    front[164:516, 366:488] = np.rot90(door)
    cv2.rectangle(front, (384, 180), (470, 270), (0.30, 0.40, 0.48), -1)
    cv2.line(front, (427, 180), (427, 270), WHITE, 6)
    cv2.line(front, (384, 225), (470, 225), WHITE, 6)
    cv2.circle(front, (472, 350), 6, (0.85, 0.70, 0.35), -1)
    stamp(layer, front, [(165, 396), (455, 402), (455, 580), (165, 574)])
    side = bricks(rng, 560, 300, 38, 19, (0.43, 0.19, 0.14), (0.70, 0.37, 0.26))
    window(rng, side, 110, 290, 1.3)
    gable = np.zeros((560, 300), np.float32)
    cv2.fillPoly(gable, [np.array([(0, 200), (140, 0), (300, 200), (300, 560), (0, 560)])], 1.0)
    side = f32(np.dstack([side * f32((0.58, 0.58, 0.66)), gable]))
    stamp(layer, f32(side * gable[..., None]), [(455, 303), (570, 298), (570, 570), (455, 580)])
    shade(layer, [(150, 390), (470, 396), (470, 420), (150, 414)], 22, 0.6)
    stamp(layer, tiles(rng, 330, 900, 30, 36), [(196, 292), (508, 296), (461, 408), (146, 402)])
    line(layer, [(508, 294), (575, 404)], (0.66, 0.60, 0.52), 5)
    line(layer, [(508, 296), (460, 408)], (0.74, 0.68, 0.60), 4)
    line(layer, [(146, 403), (461, 409)], (0.30, 0.27, 0.25), 3)
    line(layer, [(194, 292), (510, 295)], (0.55, 0.27, 0.19), 5)


def paint_shore(rng: Rng, mood: Mood) -> Img:
    """Paint the quay with the house, its tree and the pier."""
    layer = blank()
    poly(
        layer,
        [(-9, 540), (150, 548), (560, 552), (690, 570), (764, 582), (-9, 600)],
        (0.30, 0.40, 0.17),
    )
    tips: Points = []
    branch(layer, rng, (82, 566), -1.52, 104, 17, tips)
    leaves(layer, rng, tips, 15000, 9, 3.0, (0.07, 0.16, 0.06), (0.50, 0.62, 0.22))
    house(rng, layer)
    shade(layer, [(-9, 560), (160, 574), (455, 584), (600, 582), (690, 600), (-9, 600)], 30, 0.5)
    for _ in range(3500):
        x, y = rng.uniform(-5, 735), rng.uniform(572, 592)
        tone = mix((0.14, 0.24, 0.08), (0.52, 0.60, 0.24), rng.random()).tolist()
        line(layer, [(x, y), (x + rng.normal(0, 2), y - rng.uniform(3, 9))], tone, 0.6)
    for x, wide in ((20, 40), (190, 24), (262, 20), (430, 26), (515, 46), (600, 26)):
        bush = [(float(a), float(b)) for a, b in rng.normal((x, 566), (wide * 0.5, 8), (30, 2))]
        leaves(layer, rng, bush, 900, 5, 2.4, (0.06, 0.15, 0.07), (0.42, 0.56, 0.22))
    stones = bricks(rng, 70, 1900, 74, 34, (0.40, 0.39, 0.38), (0.66, 0.63, 0.58))
    stamp(layer, stones, [(-9, 584), (760, 584), (760, QUAY), (-9, QUAY)])
    shade(layer, [(-9, 598), (770, 598), (770, 620), (-9, 620)], 15, 0.55)
    for x in range(770, 960, 30):
        line(layer, [(x, 584), (x, QUAY + 5)], (0.22, 0.17, 0.13), 5)
        line(layer, [(x - 1.5, 584), (x - 1.5, QUAY + 5)], (0.45, 0.37, 0.29), 1.5)
    stamp(
        layer,
        planks(rng, 40, 800, 13, (0.55, 0.46, 0.36)),
        [(700, 577), (950, 577), (966, 590), (690, 590)],
    )
    for x, y in ((742, 572), (850, 574), (940, 574)):
        line(layer, [(x, y), (x, y + 12)], (0.16, 0.15, 0.15), 7)
        line(layer, [(x - 5, y), (x + 5, y)], (0.34, 0.33, 0.32), 4)
    return lit(rng, layer, mood)


def sail(rng: Rng, layer: Img, edge: Points, quad: Points, rgb: Rgb) -> None:
    """Paint a bulging sail with seams; the edge is given in the unit square of the quad."""
    y, x = np.mgrid[:480, :320].astype(np.float32)
    fold = 0.80 + 0.22 * np.sin(x / 320 * 2.6 + 0.3) - 0.10 * y / 480
    fold = fold + 0.025 * noise(rng, 480, 320, 120, 160)
    fold = np.where((y + x * 0.25) % 48 < 2.5, fold * 0.80, fold)
    tex = np.dstack([f32(rgb) * fold[..., None], np.ones((480, 320))])
    cut = np.zeros((480, 320), np.float32)
    cv2.fillPoly(cut, [(np.array(edge) * (320, 480)).astype(np.int32)], 1.0)
    stamp(layer, f32(tex * cut[..., None]), quad)


def paint_boat(rng: Rng, mood: Mood) -> Img:
    """Paint the sailing boat with planked hull, rigging, two sails and a pennant."""
    layer = blank()
    arc = [(float(x), 622 + 8 * (1 - ((x - 975) / 110) ** 2)) for x in range(855, 1100, 5)]
    poly(layer, [*arc, (1062, KEEL), (885, KEEL)], (0.16, 0.27, 0.40))
    for k in range(1, 4):
        line(
            layer,
            [(x, y + 6 * k) for x, y in arc if 857 + 8 * k < x < 1096 - 10 * k],
            (0.09, 0.16, 0.26),
            0.8,
        )
    line(layer, arc, WHITE, 3)
    line(layer, [(883, KEEL - 3), (1065, KEEL - 3)], (0.60, 0.18, 0.14), 5)
    poly(layer, [(925, 626), (933, 611), (1002, 611), (1010, 627)], (0.86, 0.80, 0.68))
    for x in (944, 962, 980):
        poly(layer, [(x, 615), (x + 11, 615), (x + 11, 622), (x, 622)], (0.18, 0.23, 0.28))
    line(layer, [(990, 630), (990, 330)], (0.45, 0.31, 0.19), 4)
    line(layer, [(989, 630), (989, 330)], (0.70, 0.52, 0.34), 1.2)
    line(layer, [(990, 600), (868, 604)], (0.50, 0.35, 0.22), 3)
    sail(
        rng,
        layer,
        [(1, 0), (0.72, 0.3), (0.36, 0.68), (0, 1), (0.5, 0.985), (1, 0.97)],
        [(866, 345), (987, 345), (987, 602), (866, 602)],
        (0.97, 0.94, 0.86),
    )
    sail(
        rng,
        layer,
        [(0, 0), (0.36, 0.4), (1, 1), (0.5, 0.98), (0.08, 0.9), (0.14, 0.5)],
        [(994, 372), (1090, 372), (1090, 612), (994, 612)],
        (0.93, 0.76, 0.56),
    )
    for end in ((1097, 621), (857, 620), (1012, 627), (968, 628)):
        line(layer, [(990, 336), end], (0.20, 0.18, 0.17), 0.7)
    poly(layer, [(990, 330), (952, 338), (990, 346)], (0.78, 0.16, 0.14))
    return lit(rng, layer, mood)


def letters(size: tuple[int, int], rows: list[tuple[str, int, int]]) -> Img:
    """Return a mask with centred rows of text, each (text, font size, middle height)."""
    card = Image.new("L", size)
    draw = ImageDraw.Draw(card)
    for text, points, y in rows:
        draw.text(
            (size[0] / 2, y),
            text,
            255,
            ImageFont.load_default(size=points),
            anchor="mm",
            stroke_width=points // 26,
        )
    return f32(np.asarray(card) / 255)


def board(rng: Rng, rows: list[tuple[str, int, int]], rgb: Rgb, h: int = 400) -> Img:
    """Return a painted, weathered wooden sign 1240 wide."""
    tex = planks(rng, h, 1240, 100, rgb)
    cv2.rectangle(tex, (14, 14), (1225, h - 15), WHITE, 9)
    worn = 0.95 - 0.45 * smooth(noise(rng, h, 1240, 60, 10), 1.1, 2.4)
    text = letters((1240, h), rows)
    return mix(
        mix(tex, (0.04, 0.05, 0.07), np.roll(text, (6, 6), (0, 1)) * 0.6), WHITE, f32(text * worn)
    )


def sign(rng: Rng, layer: Img) -> None:
    """Paint the sign of the harbour on two posts."""
    for x in (1122, 1378):
        line(layer, [(x, 652), (x, 860)], (0.30, 0.23, 0.17), 13)
        line(layer, [(x - 4, 652), (x - 4, 860)], (0.52, 0.42, 0.32), 4)
    tex = board(rng, [("HARBOUR", 236, 150), ("BOATS & TEA ROOM", 104, 318)], (0.12, 0.25, 0.36))
    stamp(layer, tex, [(1092, 668), (1408, 662), (1408, 764), (1092, 768)])


def meadow(rng: Rng, layer: Img, count: int) -> None:
    """Paint the near bank: earth, grass blades and flowers."""
    edge = [
        (float(x), 815 - 50 * ((x - 620) / 980) ** 2 + 6 * np.sin(x / 57.0))
        for x in range(-10, 1621, 10)
    ]
    poly(layer, [*edge, (1620, 910), (-10, 910)], (0.13, 0.19, 0.07))
    for t in np.sort(rng.random(count)):
        x = rng.uniform(-10, 1610)
        y = 815 - 50 * ((x - 620) / 980) ** 2 + t * 150
        tall, lean = rng.gamma(6, 5) * (0.6 + 0.6 * t), rng.normal(4, 8)
        tone = mix(
            mix((0.12, 0.22, 0.06), (0.40, 0.55, 0.16), rng.random()),
            (0.72, 0.72, 0.36),
            float(rng.random() ** 5),
        ).tolist()
        wide = 0.8 + 0.9 * t
        poly(
            layer,
            [
                (x - wide, y),
                (x + lean * 0.3 - wide * 0.6, y - tall * 0.6),
                (x + lean, y - tall),
                (x + lean * 0.3 + wide * 0.6, y - tall * 0.6),
                (x + wide, y),
            ],
            tone,
        )
        if rng.random() < 0.02:
            hue = [(0.92, 0.90, 0.86), (0.90, 0.76, 0.20), (0.72, 0.30, 0.56)][int(x / 90) % 3]
            spot = px([(x + lean, y - tall)])[0].tolist()
            cv2.circle(layer, spot, int(3 + 3 * t), (*hue, 1.0), -1)
            cv2.circle(layer, spot, 2, (0.62, 0.42, 0.10, 1.0), -1)


def paint_near(rng: Rng, mood: Mood) -> Img:
    """Paint the near bank with the sign and the tree that frames the view."""
    layer = blank()
    tips: Points = []
    branch(layer, rng, (1530, 850), -1.6, 168, 26, tips)
    leaves(layer, rng, tips, 16000, 8, 3.4, (0.10, 0.19, 0.05), (0.66, 0.70, 0.25))
    sign(rng, layer)
    meadow(rng, layer, 12000)
    return lit(rng, layer, mood)
