"""``python -m trichluc``: the command line."""

from trichluc.cli import main

main()
