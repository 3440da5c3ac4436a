"""Memory in large pages: the room for them is found, and nothing that is kept there changes."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from router.serving.pages import LARGE, rooms

MAPS = f"""\
00400000-00401000 r-xp 00000000 fe:00 16040483                           /usr/bin/python3.11
{LARGE * 3:x}-{LARGE * 6:x} rw-p 00000000 00:00 0                        [heap]
{LARGE * 8 + 4096:x}-{LARGE * 11 - 4096:x} rw-p 00000000 00:00 0
{LARGE * 12:x}-{LARGE * 14:x} rw-p 00000000 fe:00 77                     /var/lib/a ledger
{LARGE * 16:x}-{LARGE * 18:x} rw-s 00000000 00:01 78                     /dev/zero (deleted)
{LARGE * 20:x}-{LARGE * 22:x} rw-p 00000000 00:00 0                      [stack]
{LARGE * 24:x}-{LARGE * 25 - 4096:x} rw-p 00000000 00:00 0
"""

HELD = """
import mmap
from pathlib import Path
from router.serving.pages import LARGE, enlarge_pages
held = mmap.mmap(-1, 4 * LARGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
held[:] = bytes(range(256)) * (4 * LARGE // 256)
made = enlarge_pages()
assert held[:] == bytes(range(256)) * (4 * LARGE // 256)
large = sum(int(line.split()[1]) for line in Path("/proc/self/smaps").read_text().splitlines() if "AnonHuge" in line)
print(made, large * 1024 // LARGE)
"""


def test_only_the_process_s_own_memory_has_room() -> None:
    """Whole large pages of heap and unnamed memory; no files, nothing shared, no stack, nothing that is too small."""
    assert [address // LARGE for address in rooms(MAPS)] == [3, 4, 5, 9]


@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage").exists()
    or tuple(map(int, platform.release().split(".")[:2])) < (6, 1),
    reason="this system has no large pages to move memory into (Linux 6.1)",
)
def test_what_is_in_use_is_moved() -> None:
    """Large pages are made of eight megabytes in use, and what they hold is as it was."""
    seen = subprocess.run([sys.executable, "-c", HELD], check=True, capture_output=True, text=True).stdout
    made, large = map(int, seen.split())

    assert made >= 1
    assert large >= 1
