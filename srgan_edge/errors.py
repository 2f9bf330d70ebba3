"""What can go wrong, as a person sees it.

    SrganEdgeError            exit code 1
    ├── InputError            2   what was given cannot be used
    ├── RunError              1   it failed while running
    │   └── DiskError         1   a disk is full or read-only, or a folder is gone
    └── QualityError          3   a quality gate refused the result

Every message is one line: what is wrong, what was received, what is accepted.
"""

from __future__ import annotations


class SrganEdgeError(Exception):
    """Base of all errors that srgan-edge raises on purpose."""

    exit_code = 1


class InputError(SrganEdgeError):
    """A file, folder, option or value that cannot be used."""

    exit_code = 2


class RunError(SrganEdgeError):
    """A failure while running: a full disk, a stream that died, a loss that is not finite."""

    exit_code = 1


class DiskError(RunError):
    """What is written to is full or read-only, or is gone: the next file would fail as well."""


class QualityError(SrganEdgeError):
    """A result that was made but is not good enough to keep under its name."""

    exit_code = 3
