"""Start of every command 程序入口: first whether our packages are ours, then the command line."""

import sys

from fep.exits import EXIT_CANNOT_RUN
from fep.frames import frames_of
from fep.language import say
from fep.shadowing import find_shadows


def main() -> None:
    """Run ``fep`` with the arguments of the process and exit with its exit code."""
    shadows = find_shadows()
    for shadow in shadows:
        print(shadow.text(), file=sys.stderr)
    if shadows:
        print(say(en="refused to start", zh="拒绝启动"), file=sys.stderr)
        sys.exit(EXIT_CANNOT_RUN)

    from fep import cli  # only now: it imports the packages that were looked at

    try:
        exit_code = cli.main()
    except Exception as error:  # noqa: BLE001 - its words may quote a customer: the interpreter would print them
        frames = "\n  ".join(frames_of(error))
        print(say(en=f"error of this program: {frames}", zh=f"程序内部错误: {frames}"), file=sys.stderr)
        exit_code = EXIT_CANNOT_RUN
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
