"""The library: one file per strategy; it says *signal*, never *order*. The path is the key."""
