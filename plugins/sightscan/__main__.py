"""`python -m sightscan`: the command `sightscan`, where it is not on the PATH."""

import sys

from sightscan.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
