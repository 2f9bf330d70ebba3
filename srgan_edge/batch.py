"""Many files at once, and going on where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from srgan_edge import __version__
from srgan_edge.decoded import MAX_PIXELS, Decoded, check_input
from srgan_edge.errors import DiskError, InputError, RunError, SrganEdgeError
from srgan_edge.files import disk_error, make_folder
from srgan_edge.images import ImageFile, keeps_alpha, write_image
from srgan_edge.jobs import Job, plan_jobs
from srgan_edge.panel import comparison, side_by_side
from srgan_edge.progress import ProgressLine
from srgan_edge.rows import ROW_SUFFIXES, check_output
from srgan_edge.steady import Steady
from srgan_edge.strips import upscaled_alpha, write_upscaled
from srgan_edge.unfinished import Unfinished
from srgan_edge.upscaler import Upscaler
from srgan_edge.video import upscale_video

__all__ = ["Job", "Options", "Outcome", "plan_jobs", "run_jobs"]
# Output pixels of a picture that is upscaled as a whole. Larger ones go strip by strip.
_MOST_WHOLE = 2**24
_GOES_ON = "once that is mended, the same command goes on where it stopped"


@dataclass(frozen=True)
class Options:
    """How files are upscaled.

    Attributes:
        steady: whether videos are calmed where they stand still.
        max_pixels: of a picture or a frame; a larger one is refused before it is decoded.
    """

    steady: bool = True
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        results: a line for each file that was written.
        exit_code: of the whole.
        complete: whether another try would do no more: what was passed over is bad input.
    """

    results: list[str]
    exit_code: int
    complete: bool


def run_jobs(
    jobs: Sequence[Job],
    upscaler: Upscaler,
    options: Options | None = None,
    folder: Path | None = None,
) -> Outcome:
    """Upscale file by file. A bad file among several is named and passed over.

    Args:
        jobs: the files.
        upscaler: what they go through.
        options: how.
        folder: where all of them go: what an earlier run there has done is not done again, and
            no second run may go there meanwhile. None keeps no record.

    Raises:
        SrganEdgeError: the only file failed.
        InputError: another process writes into `folder`.
        DiskError: the disk is full, or the folder is gone.
    """
    options = options or Options()
    if folder is None or len(jobs) < 2:
        return _run(jobs, upscaler, options, None)
    settings = {
        "version": __version__,
        "model": upscaler.model.sha256,
        "steady": options.steady,
        "compare": any(job.panel for job in jobs),
    }
    unfinished = Unfinished(folder, settings)
    complete = False
    try:
        outcome = _run(jobs, upscaler, options, unfinished)
        unfinished.check()
        complete = outcome.complete
    finally:
        unfinished.close(complete)
    return outcome


def _run(
    jobs: Sequence[Job], upscaler: Upscaler, options: Options, unfinished: Unfinished | None
) -> Outcome:
    results: list[str] = []
    codes = [0]
    with ProgressLine("upscaling", len(jobs)) as line:
        left = [job for job in jobs if not (unfinished and unfinished.has(job.source, job.target))]
        before = len(jobs) - len(left)
        if before:
            line.say(f"going on: {before} of {len(jobs)} files are done")
        for done, job in enumerate(left, start=before):
            line.update(done, job.source.name)
            try:
                results += _upscale_file(job, upscaler, line, options)
                if unfinished:
                    unfinished.add(job.source, job.targets)
            except SrganEdgeError as error:
                if len(jobs) == 1:
                    raise
                if isinstance(error, DiskError):
                    raise DiskError(f"{error}; {_GOES_ON}") from None
                line.say(f"passed over: {error}")
                codes.append(error.exit_code)
        line.update(len(jobs))
    return Outcome(results, max(codes), complete=RunError.exit_code not in codes)


def _upscale_file(job: Job, upscaler: Upscaler, line: ProgressLine, options: Options) -> list[str]:
    try:
        make_folder(job.target.parent)
    except InputError as error:  # it could be written when the jobs were planned
        raise DiskError(str(error)) from None
    try:
        if job.is_video:
            return _upscale_video(job, upscaler, line, options)
        return _upscale_image(job, upscaler, line, options)
    except OSError as error:
        raise disk_error(job.target, error) from None
    except MemoryError:
        raise RunError(f"{job.source} needs more memory than there is") from None


def _upscale_video(job: Job, upscaler: Upscaler, line: ProgressLine, options: Options) -> list[str]:
    through = Steady(upscaler) if options.steady else upscaler
    result = upscale_video(job.source, job.target, through, options.max_pixels)
    for notice in result.notices:
        line.say(notice)
    return [f"{job.target}  {result.frames} frames, {result.rate:.1f} frames/s"]


def _upscale_image(job: Job, upscaler: Upscaler, line: ProgressLine, options: Options) -> list[str]:
    def check(width: int, height: int) -> None:
        check_input(job.source, width, height, options.max_pixels)
        check_output(job.target, width * upscaler.scale, height * upscaler.scale)

    image = Decoded(job.source, check)
    width, height = image.width * upscaler.scale, image.height * upscaler.scale
    is_large = width * height > _MOST_WHOLE
    results = [f"{job.target}  {width}x{height}"]
    if is_large and job.target.suffix.lower() in ROW_SUFFIXES:
        with ProgressLine(job.source.name, image.height) as strips:
            write_upscaled(job.target, image, upscaler, lambda done: strips.update(done, "rows"))
        first = image.rows(0, 1)
    else:
        first = image.rows(0, image.height)
        results += _write_whole(job, first, image.even_alpha, upscaler, not is_large)
    if job.panel and is_large:
        line.say(f"{job.source} is too large for a panel: three pictures of {width}x{height}")
    if first.reduced:
        line.say(f"{job.source} has more than 8 bits a channel: {job.target} has 8")
    if first.alpha is not None and not keeps_alpha(job.target):
        line.say(
            f"{job.target.suffix} files have no transparency: that of {job.source} is left out"
        )
    return results


def _write_whole(
    job: Job, image: ImageFile, even_alpha: int | None, upscaler: Upscaler, compares: bool
) -> list[str]:
    """Upscale a picture that has room in memory; returns a line of its panel, if it has one."""
    bgr = upscaler(image.bgr)
    alpha = None if image.alpha is None else upscaled_alpha(image.alpha, even_alpha, upscaler)
    write_image(job.target, image.with_pixels(bgr, alpha))
    if not (job.panel and compares):
        return []
    write_image(job.panel, ImageFile(side_by_side(comparison(image.bgr, bgr))))
    return [f"{job.panel}  nearest | bicubic | srgan-edge"]
