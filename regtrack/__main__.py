"""`python -m regtrack` is `regtrack`."""

from regtrack.cli.main import main

if __name__ == "__main__":
    main()
