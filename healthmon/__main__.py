"""``python -m healthmon``."""

from healthmon.cli import main

main()
