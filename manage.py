#!/usr/bin/env python
"""Run lback on this project: `python manage.py migrate`."""

import sys

try:
    from lback.cli.main import main
except ModuleNotFoundError as err:
    sys.stderr.write(f"error: {err}\nnext: Activate the virtual environment that has lback.\n")
    sys.exit(3)

if __name__ == "__main__":
    main(prog="manage.py")
