"""Programs that measure healthmon against bare loops and other tools, side by side in one run."""
