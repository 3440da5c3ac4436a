"""What a process holds for good, moved into large pages: the processor then looks up far fewer addresses.

A proxy touches a megabyte, scattered over its memory, for every request, and a virtual machine pays for each look-up
twice. Measured on one, interleaved, five rounds: 897 instead of 949 us of CPU a request at 32 connections, 51.0 instead
of 52.6 us a chunk of 500 streams. Linux has this since 6.1; elsewhere, or where the system refuses, nothing happens.
"""

import ctypes
from collections.abc import Iterator
from pathlib import Path

LARGE = 2 * 1024 * 1024
"""Bytes of a large page."""

_SMALL = 4096
_LEAST = LARGE // _SMALL * 3 // 4
"""How many small pages of a large one's room are in use at least: moving also takes what is not in use."""

_MADV_COLLAPSE = 25
"""From the system's header linux/mman.h."""

MAPS = Path("/proc/self/maps")


def rooms(maps: str) -> Iterator[int]:
    """Yield the addresses at which whole large pages fit into memory of the process's own, as `maps` tells of it."""
    for line in maps.splitlines():
        bounds, access, *_, name = [*line.split(maxsplit=5), ""][:6]
        if access != "rw-p" or name not in ("", "[heap]") or line.split()[4] != "0":
            continue
        start, end = (int(bound, 16) for bound in bounds.split("-"))
        yield from range(-(-start // LARGE) * LARGE, end - LARGE + 1, LARGE)


def enlarge_pages() -> int:
    """Move what is in use into large pages and return how many were made; some milliseconds: nothing for the loop."""
    try:
        maps = MAPS.read_text(encoding="utf-8", errors="replace")  # names of files are bytes
        libc = ctypes.CDLL(None)
        mincore, madvise = libc.mincore, libc.madvise
    except (OSError, AttributeError):
        return 0
    in_use = (ctypes.c_ubyte * (LARGE // _SMALL))()
    made = 0
    for address in rooms(maps):
        room = ctypes.c_void_p(address), ctypes.c_size_t(LARGE)
        if mincore(*room, in_use) == 0 and sum(each & 1 for each in in_use) >= _LEAST:
            made += madvise(*room, _MADV_COLLAPSE) == 0
    return made
