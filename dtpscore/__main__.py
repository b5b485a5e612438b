"""Run the command line with ``python -m dtpscore``."""

from dtpscore._cli import main

if __name__ == "__main__":
    main()
