#!/usr/bin/env python
"""Run lback on this project: `python manage.py migrate`."""

from lback.cli.main import main

if __name__ == "__main__":
    main(prog="manage.py")
