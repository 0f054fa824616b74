"""The database's history, shipped with the package so that `alphaloop migrate` needs no checkout."""
