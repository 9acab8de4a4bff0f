"""Run `python -m lback`."""

from lback.start import leave_current_folder

if __name__ == "__main__":
    leave_current_folder()
    from lback.cli.main import main

    main(prog="lback")
