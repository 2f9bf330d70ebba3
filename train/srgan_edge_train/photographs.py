"""The training pictures: found, decoded once into one cache file, and a few kept back.

The cache holds every picture's HR and LR pixels one after another and is memory-mapped, so a data
set of any size takes only the memory that the system can spare.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from srgan_edge.errors import InputError
from srgan_edge.files import make_folder, whole_file, write_text
from srgan_edge.images import IMAGE_SUFFIXES, find_files, read_rgb
from srgan_edge.quality import Picture, crop_to_multiple, degrade
from srgan_edge_train.degradation import camera_versions

HELD_OUT_SHARE = 0.05
_VERSION = 2

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Photograph:
    """One picture: HR (s*h, s*w, 3) and LR (h, w, 3), uint8 RGB.

    `camera` is LR as cheap cameras would make it, (versions, h, w, 3), where a recipe asks for it.
    """

    name: str
    sha256: str
    hr: Picture
    lr: Picture
    camera: Picture = field(default_factory=lambda: np.empty((0, 0, 0, 3), np.uint8))

    @property
    def scale(self) -> int:
        """HR pixels per LR pixel."""
        return self.hr.shape[0] // self.lr.shape[0]

    def is_held_out(self, share: float) -> bool:
        """Whether its content's hash falls into the share that is never trained on."""
        return int(self.sha256[:8], 16) < share * 2**32


@dataclass(frozen=True)
class Photographs:
    """What a folder gave: for training, for checking, and what was passed over and why."""

    training: list[Photograph]
    checking: list[Photograph]
    skipped: dict[str, str]

    @property
    def overlap(self) -> bool:
        """Whether there was only one usable picture, so that it serves for both."""
        return self.training[0] is self.checking[0]


def load_photographs(
    folder: Path,
    cache: Path,
    scale: int,
    patch: int,
    progress: Progress | None = None,
    *,
    pictures: int = 0,
    held_out: float = HELD_OUT_SHARE,
    camera_versions: int = 0,
) -> Photographs:
    """Decode all pictures below `folder` (or take them from `cache`) and split them.

    Args:
        folder: searched recursively for JPEG, PNG, WebP, BMP and TIFF.
        cache: a folder for the decoded pixels; reused when files, sizes and scale are the same.
        scale: HR pixels per LR pixel; LR is made by antialiased bicubic of the whole picture.
        patch: the least LR side in pixels; smaller pictures are passed over.
        progress: called with (pictures done, pictures in all).
        pictures: how many are taken, by their content's hash; 0 is all.
        held_out: the share of them that is kept back, by their content's hash.
        camera_versions: how many LR pictures are made of each as cheap cameras would.

    Raises:
        InputError: no such folder, no images in it, or none that can be used.
    """
    if not folder.is_dir():
        raise InputError(f"no such folder of photographs: {folder}")
    paths = find_files(folder, IMAGE_SUFFIXES)
    if not paths:
        kinds = " ".join(IMAGE_SUFFIXES)
        raise InputError(f"no images in {folder} (looked for {kinds}, in all its folders)")
    key = _key(folder, paths, scale, patch, camera_versions)
    index = _read_index(cache, key) or _decode_all(folder, paths, cache, key, progress)
    decoded = _open(cache, index["pictures"])
    if pictures:
        # By another part of the hash than the one that says what is held out.
        decoded = sorted(decoded, key=lambda picture: picture.sha256[8:])[:pictures]
    return _split(decoded, index["skipped"], held_out)


def _key(
    folder: Path, paths: list[Path], scale: int, patch: int, camera_versions: int
) -> dict[str, Any]:
    files = [(str(p.relative_to(folder)), p.stat().st_size, p.stat().st_mtime_ns) for p in paths]
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    how = {"scale": scale, "patch": patch, "camera_versions": camera_versions}
    return {"version": _VERSION, "files": digest, **how}


def _read_index(cache: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    try:
        index: dict[str, Any] = json.loads((cache / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return index if index.get("key") == key else None


def _decode_all(
    folder: Path,
    paths: list[Path],
    cache: Path,
    key: dict[str, Any],
    progress: Progress | None,
) -> dict[str, Any]:
    make_folder(cache)
    (cache / "index.json").unlink(missing_ok=True)
    pictures: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    offset = 0
    with whole_file(cache / "pixels.bin") as part, part.open("wb") as file:
        for done, (path, decoded) in enumerate(_decode(paths, key), start=1):
            name = str(path.relative_to(folder))
            if isinstance(decoded, str):
                skipped[name] = decoded
            else:
                height, width = decoded.lr.shape[:2]
                entry = {"name": name, "sha256": decoded.sha256, "offset": offset}
                shape = {"height": height, "width": width, "scale": key["scale"]}
                pictures.append({**entry, **shape, "versions": len(decoded.camera)})
                for pixels in (decoded.hr, decoded.lr, decoded.camera):
                    offset += file.write(pixels.tobytes())
            if progress:
                progress(done, len(paths))
    if not pictures:
        name, reason = next(iter(skipped.items()))
        raise InputError(
            f"none of the {len(paths)} images in {folder} can be used: {name}: {reason}"
        )
    index = {"key": key, "pictures": pictures, "skipped": skipped}
    write_text(cache / "index.json", json.dumps(index))
    return index


def _decode(paths: list[Path], key: dict[str, Any]) -> Iterable[tuple[Path, Photograph | str]]:
    """Each path with its picture, or with the reason why it cannot be used; a few ahead."""
    ahead = 8
    with ThreadPoolExecutor(2) as pool:
        waiting = [(p, pool.submit(_decode_one, p, key)) for p in paths[:ahead]]
        for path in paths[ahead:]:
            first, result = waiting.pop(0)
            waiting.append((path, pool.submit(_decode_one, path, key)))
            yield first, result.result()
        for first, result in waiting:
            yield first, result.result()


def _decode_one(path: Path, key: dict[str, Any]) -> Photograph | str:
    scale, patch = key["scale"], key["patch"]
    try:
        hr = crop_to_multiple(read_rgb(path), scale)
    except InputError as error:
        return str(error)
    height, width = hr.shape[0] // scale, hr.shape[1] // scale
    if min(height, width) < patch:
        need = patch * scale
        return f"{hr.shape[1]}x{hr.shape[0]} is smaller than a patch ({need}x{need} pixels)"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    camera = camera_versions(hr, scale, sha256, key["camera_versions"])
    return Photograph(path.name, sha256, hr, degrade(hr, scale), camera)


def _open(cache: Path, entries: list[dict[str, Any]]) -> list[Photograph]:
    pixels = np.memmap(cache / "pixels.bin", np.uint8, "r")
    return [_view(pixels, **entry) for entry in entries]


def _view(
    pixels: Picture,
    name: str,
    sha256: str,
    offset: int,
    height: int,
    width: int,
    scale: int,
    versions: int,
) -> Photograph:
    shapes = (height * scale, width * scale, 3), (height, width, 3), (versions, height, width, 3)
    views = []
    for shape in shapes:
        size = math.prod(shape)
        views.append(pixels[offset : offset + size].reshape(shape))
        offset += size
    return Photograph(name, sha256, *views)


def _split(pictures: list[Photograph], skipped: dict[str, str], held_out: float) -> Photographs:
    checking = [picture for picture in pictures if picture.is_held_out(held_out)]
    if not checking or len(checking) == len(pictures):
        # Few pictures: one is kept back all the same, so that quality is measured on another.
        checking = [min(pictures, key=lambda picture: picture.sha256)]
    names = {picture.name for picture in checking}
    training = [picture for picture in pictures if picture.name not in names]
    return Photographs(training or checking, checking, skipped)


def describe(photographs: Photographs) -> dict[str, Any]:
    """For the run's record: which pictures, by content, and what was passed over."""
    return {
        "training": {picture.name: picture.sha256 for picture in photographs.training},
        "checking": {picture.name: picture.sha256 for picture in photographs.checking},
        "skipped": photographs.skipped,
    }
