"""The command ``mlcl``, also as ``python -m mlcl``."""

import shlex
import sys


def main() -> None:
    """Entry point. It imports inside, so that Ctrl-C is understood while modules are loaded too."""
    try:
        from mlcl.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        print(f"mlcl: stopped; go on with {shlex.join(['mlcl', *sys.argv[1:]])}", file=sys.stderr)
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
