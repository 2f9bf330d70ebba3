"""How long models take on this machine, and what of it is theirs."""

from srgan_edge.timing.candidate import Candidate
from srgan_edge.timing.machine import Machine, this_machine
from srgan_edge.timing.ranking import Ratio
from srgan_edge.timing.report import Report, Result, bench

__all__ = ["Candidate", "Machine", "Ratio", "Report", "Result", "bench", "this_machine"]
