"""`python -m bot` is the command `bot`."""

from bot.cli.main import run

if __name__ == "__main__":
    run()
