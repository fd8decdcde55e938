"""Core dumps 内存转储: none of a command that has keys in its memory; the daemon's are forbidden by its unit."""

import resource


def forbid_core_dumps() -> None:
    """Let no crash of this process write its memory to a disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
