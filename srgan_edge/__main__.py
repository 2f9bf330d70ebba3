"""`python -m srgan_edge` is `srgan-edge`."""

from srgan_edge.cli import main

main()
