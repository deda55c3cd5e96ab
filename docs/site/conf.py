"""Settings of Sphinx for the docs site. The source is the repository: a link is a path from file to file.

A link to a document that the site has leads to its page, one to any other file to a copy of it.
"""

from __future__ import annotations

project = "healthmon"
author = "the healthmon authors"
project_copyright = "the healthmon authors, Apache-2.0"
language = "en"

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "dashboards/README.md",
    "docs/**.md",
]
exclude_patterns = [
    ".*",
    "build",
    "dist",
    "tests",
    "healthmon",
    "exporters",
    "var",
    "**/node_modules",
]
myst_heading_anchors = 4
# What is marked as shell output or as a file of ours has colours that no lexer knows.
highlight_language = "none"
nitpicky = True
# Each decision and each runbook is in the table of its folder, not in the menu of every page.
suppress_warnings = ["toc.not_included"]

html_theme = "furo"
html_title = "healthmon"
html_static_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False
html_additional_pages = {"index": "to_start.html"}
templates_path = ["."]
