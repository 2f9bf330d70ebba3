"""The live picture in any browser of the network: a page, and what serves it."""
