"""Sub-commands of `carnet` that are doors of their own: read the options, ask one query, render."""
