"""Frames 调用栈: a traceback without the exception's words and without local variables, which may quote a customer."""

import traceback

_CAUSES_MAX = 5
"""Deeper chains say nothing more to an operator."""
_FRAMES_MAX = 12
"""Of each: the innermost."""


def frames_of(error: BaseException) -> list[str]:
    """Return type and frames of an error and of what it came from, one a line."""
    frames: list[str] = []
    seen: BaseException | None = error
    for _ in range(_CAUSES_MAX):
        if seen is None:
            break
        frames.append(type(seen).__name__)
        frames += [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(seen.__traceback__)[-_FRAMES_MAX:]
        ]
        seen = seen.__cause__ or seen.__context__
    return frames
