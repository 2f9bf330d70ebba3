"""Which accelerator runs a model, and why."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from srgan_edge.backends.backend import Backend, UnavailableError
from srgan_edge.backends.gpu import has_adapter
from srgan_edge.backends.probe import Trial, open_backend, try_elsewhere
from srgan_edge.errors import InputError
from srgan_edge.model_file import ModelFile

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """A backend, and why it was taken."""

    backend: Backend
    reason: str


def check_accelerator(accelerator: str) -> None:
    """Raise InputError unless it is `auto`, `cpu`, `gpu` or `npu:LIBRARY`."""
    known = accelerator in ("auto", "cpu", "gpu")
    if not (known or (accelerator.startswith("npu:") and len(accelerator) > len("npu:"))):
        raise InputError(
            f"no accelerator {accelerator!r}: accepted are auto, cpu, gpu and npu:LIBRARY"
        )


def choose(model: ModelFile, accelerator: str, threads: int | None = None) -> Choice:
    """The accelerator that was asked for, or the fastest; the CPU, aloud, where there is none.

    A GPU or an NPU is tried in a process of its own first: it must give the CPU's picture, to a
    few levels. `auto` takes it when it is also faster there.

    Args:
        model: what it is to run.
        accelerator: `auto`, `cpu`, `gpu` or `npu:LIBRARY`.
        threads: of the CPU.

    Raises:
        InputError: no such accelerator, or the model cannot be used.
    """
    check_accelerator(accelerator)
    if accelerator == "cpu" or (accelerator == "auto" and not has_adapter()):
        reason = "asked for" if accelerator == "cpu" else "no GPU found"
        return Choice(open_backend("cpu", model, threads), reason)
    name = "gpu" if accelerator == "auto" else accelerator
    trial = try_elsewhere(name, model.path)
    reason = _against(trial, accelerator)
    if not reason:
        try:
            took = f"{trial.milliseconds:.1f} ms for 320x180"
            return Choice(open_backend(name, model, threads), took)
        except UnavailableError as error:
            reason = str(error)
    say = _LOG.info if accelerator == "auto" else _LOG.warning
    say("%s is not used, the CPU is: %s", name, reason)
    return Choice(open_backend("cpu", model, threads), f"{name} is not used: {reason}")


def _against(trial: Trial, accelerator: str) -> str:
    """Why it is not taken, or nothing."""
    if trial.milliseconds is None or accelerator != "auto":
        return trial.reason
    cpu = trial.cpu_milliseconds
    if cpu is not None and cpu <= trial.milliseconds:
        return f"{trial.milliseconds:.1f} ms for 320x180, the CPU takes {cpu:.1f}"
    return ""
