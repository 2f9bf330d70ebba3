"""Many files at once: which file becomes which, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from srgan_edge.errors import InputError, RunError, SrganEdgeError
from srgan_edge.files import check_target
from srgan_edge.images import (
    IMAGE_SUFFIXES,
    ImageFile,
    find_files,
    keeps_alpha,
    read_image,
    write_image,
)
from srgan_edge.panel import comparison, side_by_side
from srgan_edge.progress import ProgressLine
from srgan_edge.quality import Picture
from srgan_edge.steady import Steady
from srgan_edge.upscaler import Upscaler
from srgan_edge.upscales import Upscales
from srgan_edge.video import VIDEO_SUFFIXES, output_suffix, upscale_video

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


@dataclass(frozen=True)
class Outcome:
    """A line for each file that was written, and the exit code of the whole."""

    results: list[str]
    exit_code: int


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
            if target.resolve() == job.source.resolve():
                raise InputError(f"{job.source} would replace itself: choose another -o")
            other = sources.setdefault(target.resolve(), job.source)
            if other is not job.source:
                raise InputError(f"{other} and {job.source} would both become {target}")
    for job in jobs:
        check_target(job.target)
    return jobs


def run_jobs(jobs: Sequence[Job], upscaler: Upscaler, steady: bool = True) -> Outcome:
    """Upscale file by file. A bad file among several is named and passed over.

    Args:
        jobs: the files.
        upscaler: what they go through.
        steady: whether videos are calmed where they stand still.

    Raises:
        SrganEdgeError: the only file failed.
    """
    results: list[str] = []
    exit_code = 0
    with ProgressLine("upscaling", len(jobs)) as line:
        for done, job in enumerate(jobs):
            line.update(done, job.source.name)
            try:
                results += _upscale_file(job, upscaler, line, steady)
            except SrganEdgeError as error:
                if len(jobs) == 1:
                    raise
                line.say(f"passed over: {error}")
                exit_code = max(exit_code, error.exit_code)
        line.update(len(jobs))
    return Outcome(results, exit_code)


def _jobs_of(source: Path, output: Path, alone: bool) -> list[Job]:
    if source.is_dir():
        files = _files_of(source, output)
        if not files:
            kinds = " ".join(_SUFFIXES)
            raise InputError(f"no images or videos in {source} (looked for {kinds})")
        base = output if alone else output / source.resolve().name
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
    results = output.resolve()
    if folder.resolve() not in results.parents:
        return files
    return [path for path in files if results not in path.resolve().parents]


def _file_to_file(source: Path, output: Path) -> Job:
    job = Job(source, output)
    accepted = VIDEO_SUFFIXES if job.is_video else IMAGE_SUFFIXES
    if output.suffix.lower() not in accepted or _renamed(output) != output:
        kind = "a video" if job.is_video else "an image"
        writable = sorted({output_suffix(suffix) for suffix in VIDEO_SUFFIXES})
        names = " ".join(writable if job.is_video else accepted)
        raise InputError(f"{source} is {kind}: the output must end in one of {names}, got {output}")
    return job


def _renamed(target: Path) -> Path:
    """A video that OpenCV cannot write in its own container goes into .mp4."""
    if target.suffix.lower() not in VIDEO_SUFFIXES:
        return target
    return target.with_suffix(output_suffix(target.suffix))


def _upscale_file(job: Job, upscaler: Upscaler, line: ProgressLine, steady: bool) -> list[str]:
    try:
        if job.is_video:
            return _upscale_video(job, Steady(upscaler) if steady else upscaler, line)
        return _upscale_image(job, upscaler, line)
    except OSError as error:
        raise RunError(f"cannot write {job.target}: {error.strerror or error}") from None


def _upscale_video(job: Job, upscaler: Upscales, line: ProgressLine) -> list[str]:
    result = upscale_video(job.source, job.target, upscaler)
    for notice in result.notices:
        line.say(notice)
    return [f"{job.target}  {result.frames} frames, {result.rate:.1f} frames/s"]


def _upscale_image(job: Job, upscaler: Upscaler, line: ProgressLine) -> list[str]:
    image = read_image(job.source)
    bgr = upscaler(image.bgr)
    alpha = None if image.alpha is None else _upscale_alpha(image.alpha, upscaler)
    write_image(job.target, image.with_pixels(bgr, alpha))
    results = [f"{job.target}  {bgr.shape[1]}x{bgr.shape[0]}"]
    if job.panel:
        write_image(job.panel, ImageFile(side_by_side(comparison(image.bgr, bgr))))
        results.append(f"{job.panel}  nearest | bicubic | srgan-edge")
    if image.reduced:
        line.say(f"{job.source} has more than 8 bits a channel: {job.target} has 8")
    if alpha is not None and not keeps_alpha(job.target):
        line.say(
            f"{job.target.suffix} files have no transparency: that of {job.source} is left out"
        )
    return results


def _upscale_alpha(alpha: Picture, upscaler: Upscaler) -> Picture:
    if alpha.min() < alpha.max():
        return upscaler.grey(alpha)
    # What is opaque all over stays so: the network would be off by a level here and there.
    height, width = alpha.shape
    return np.full((height * upscaler.scale, width * upscaler.scale), alpha[0, 0], np.uint8)
