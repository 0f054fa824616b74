"""The doors: web, stream, worker, scheduler and command line. The only floor that wires things together."""
