"""Run `python -m lback`."""

from lback.cli.main import main

if __name__ == "__main__":
    main(prog="lback")
