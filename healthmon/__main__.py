"""``python -m healthmon``."""

from healthmon.cli.main import main

main()
