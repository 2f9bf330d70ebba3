"""Opens what an address means."""

from __future__ import annotations

from dataclasses import dataclass, field

from srgan_edge.sources.address import Address, Kind
from srgan_edge.sources.capture import Capture
from srgan_edge.sources.framing import Framing
from srgan_edge.sources.paced import Paced
from srgan_edge.sources.picamera import PiCamera
from srgan_edge.sources.reopening import Reopening
from srgan_edge.sources.source import Source
from srgan_edge.sources.thinned import Thinned


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a source.

    Attributes:
        framing: which part of a frame, at which size.
        rate: frames a second: cameras are asked for it, pictures have it, of anything else frames
            in between are left out.
        give_up: seconds to wait for a live source that was lost; None waits for ever.
        paced: give a file's frames when their time comes.
    """

    framing: Framing = field(default_factory=Framing)
    rate: float | None = None
    give_up: float | None = None
    paced: bool = False


def open_source(address: Address, wanted: Wanted | None = None) -> Source:
    """Open it; a live one comes back when it is lost.

    Raises:
        InputError: it is not there or cannot be opened.
    """
    wanted = wanted or Wanted()
    if address.is_live:
        return Reopening(lambda: _open(address, wanted), wanted.give_up)
    source = _open(address, wanted)
    return Paced(source) if wanted.paced else source


def _open(address: Address, wanted: Wanted) -> Source:
    framing, rate = wanted.framing, wanted.rate
    if address.kind is Kind.PICAMERA:
        return PiCamera(framing, rate)
    if address.kind is Kind.SEQUENCE:
        from srgan_edge.sources.sequence import Sequence  # with Pillow, which others do without

        return Sequence(address, framing, rate)
    source = Capture(address, framing, rate)
    return source if rate is None else Thinned(source, rate)
