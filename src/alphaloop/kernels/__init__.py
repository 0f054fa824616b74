"""The numbers: float64 array kernels that know no money, no clock and no files, so the same code serves a chart,
a back-test and a live session."""
