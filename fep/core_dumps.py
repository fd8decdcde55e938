"""Core dumps 内存转储: none of a process that has keys in its memory."""

import resource


def forbid_core_dumps() -> None:
    """Let no crash of this process write its memory to a disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
