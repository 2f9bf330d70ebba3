"""Picture files written row by row, for pictures that fit on a disk and not into memory."""

from srgan_edge.rows.choice import ROW_SUFFIXES, RowWriter, check_output, row_writer

__all__ = ["ROW_SUFFIXES", "RowWriter", "check_output", "row_writer"]
