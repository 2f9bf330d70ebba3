"""Which file becomes which."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from srgan_edge.errors import InputError
from srgan_edge.files import check_target
from srgan_edge.images import IMAGE_SUFFIXES, find_files
from srgan_edge.video import VIDEO_SUFFIXES, output_suffix

_SUFFIXES = IMAGE_SUFFIXES + VIDEO_SUFFIXES


@dataclass(frozen=True)
class Job:
    """One file to upscale."""

    source: Path
    target: Path
    panel: Path | None = None

    @property
    def targets(self) -> list[Path]:
        """All files that come of it."""
        return [self.target] if self.panel is None else [self.target, self.panel]

    def with_panel(self) -> Job:
        """The same job that also makes a panel."""
        return replace(self, panel=self.target.with_name(f"{self.target.stem}.compare.png"))

    @property
    def is_video(self) -> bool:
        """By its name."""
        return self.source.suffix.lower() in VIDEO_SUFFIXES


def plan_jobs(inputs: Sequence[Path], output: Path, compare: bool = False) -> list[Job]:
    """Find all files of `inputs` and say where each goes; nothing is written yet.

    One file goes to the file `output`, or into it when it is a folder. One folder becomes the
    folder `output` with the same tree; several inputs go below `output`, each under its own name.
    With `compare`, each image gets a panel nearest | bicubic | ours beside it.

    Raises:
        InputError: an input is missing or unknown, a folder holds nothing, an output cannot be
            written, two inputs would become one file, or a file would replace itself.
    """
    one_file = len(inputs) == 1 and not inputs[0].is_dir()
    if not one_file and output.suffix.lower() in _SUFFIXES and not output.is_dir():
        raise InputError(f"several files need a folder to go to, got -o {output}")
    jobs = [job for source in inputs for job in _jobs_of(source, output, len(inputs) == 1)]
    if compare:
        jobs = [job if job.is_video else job.with_panel() for job in jobs]
    sources: dict[Path, Path] = {}
    for job in jobs:
        for target in job.targets:
            if _real(target) == _real(job.source):
                raise InputError(f"{job.source} would replace itself: choose another -o")
            other = sources.setdefault(_real(target), job.source)
            if other is not job.source:
                raise InputError(f"{other} and {job.source} would both become {target}")
    for job in jobs:
        check_target(job.target)
    return jobs


def _jobs_of(source: Path, output: Path, alone: bool) -> list[Job]:
    if source.is_dir():
        files = _files_of(source, output)
        if not files:
            kinds = " ".join(_SUFFIXES)
            raise InputError(f"no images or videos in {source} (looked for {kinds})")
        base = output if alone else output / _real(source).name
        return [Job(path, _renamed(base / path.relative_to(source))) for path in files]
    if not source.exists():
        raise InputError(f"no such file: {source}")
    if source.suffix.lower() not in _SUFFIXES:
        kinds = " ".join(_SUFFIXES)
        raise InputError(f"cannot tell what {source} is; accepted are names ending in {kinds}")
    if alone and output.suffix and not output.is_dir():
        return [_file_to_file(source, output)]
    return [Job(source, _renamed(output / source.name))]


def _files_of(folder: Path, output: Path) -> list[Path]:
    """All pictures and videos below `folder`, but not earlier results in an `output` within it."""
    files = find_files(folder, _SUFFIXES)
    results = _real(output)
    if _real(folder) not in results.parents:
        return files
    return [path for path in files if results not in _real(path).parents]


def _file_to_file(source: Path, output: Path) -> Job:
    job = Job(source, output)
    accepted = VIDEO_SUFFIXES if job.is_video else IMAGE_SUFFIXES
    if output.suffix.lower() not in accepted or _renamed(output) != output:
        kind = "a video" if job.is_video else "an image"
        writable = sorted({output_suffix(suffix) for suffix in VIDEO_SUFFIXES})
        names = " ".join(writable if job.is_video else accepted)
        raise InputError(f"{source} is {kind}: the output must end in one of {names}, got {output}")
    return job


def _real(path: Path) -> Path:
    """Where it is in truth. Unlike `resolve` of older Pythons it bears a link to itself."""
    return Path(os.path.realpath(path))


def _renamed(target: Path) -> Path:
    """A video that OpenCV cannot write in its own container goes into .mp4."""
    if target.suffix.lower() not in VIDEO_SUFFIXES:
        return target
    return target.with_suffix(output_suffix(target.suffix))
