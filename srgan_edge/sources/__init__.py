"""Where live frames come from: cameras, files, sequences of pictures, network streams."""

from srgan_edge.sources.address import Address, Kind, parse_source
from srgan_edge.sources.framing import Crop, Framing, fit, parse_crop
from srgan_edge.sources.opening import Wanted, open_source
from srgan_edge.sources.paced import Paced
from srgan_edge.sources.patient import open_patiently
from srgan_edge.sources.reopening import Reopening
from srgan_edge.sources.source import Source

__all__ = [
    "Address",
    "Crop",
    "Framing",
    "Kind",
    "Paced",
    "Reopening",
    "Source",
    "Wanted",
    "fit",
    "open_patiently",
    "open_source",
    "parse_crop",
    "parse_source",
]
