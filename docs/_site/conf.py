"""The documentation site: `sphinx-build -W -c docs/_site docs build/site`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "lback"
author = copyright = "The lback developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "generated", "to_source"]
html_theme = "furo"
html_title = "lback"
myst_heading_anchors = 4
exclude_patterns = ["_site"]
nitpicky = True
# Types of other libraries, for whose sites no network is asked.
nitpick_ignore_regex = [("py:.*", ".*")]
autodoc_typehints = "signature"
suppress_warnings = ["myst.header"]
