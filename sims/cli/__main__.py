"""``python -m sims.cli``: the command line without its script."""

from sims.cli.start import main

main()
