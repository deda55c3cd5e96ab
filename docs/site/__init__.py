"""The docs site: `make docs`. Its virtual environment has Sphinx and no healthmon."""
