"""What computes a model: LiteRT on the CPU, on a GPU, or through somebody's delegate library."""

from srgan_edge.backends.backend import Backend, UnavailableError
from srgan_edge.backends.choice import check_accelerator, choose
from srgan_edge.backends.cpu import default_threads
from srgan_edge.backends.threads import fastest_threads, thread_times

__all__ = [
    "Backend",
    "UnavailableError",
    "check_accelerator",
    "choose",
    "default_threads",
    "fastest_threads",
    "thread_times",
]
