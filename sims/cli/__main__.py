"""``python -m sims.cli``: the command line without its script."""

from sims.cli.main import main

main()
