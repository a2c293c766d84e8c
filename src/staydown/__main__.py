"""`python -m staydown` is the `staydown` command."""

from staydown.cli.main import main

main()
