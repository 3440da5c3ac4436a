"""A connection without a socket: it notes what it is told."""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Wire(asyncio.Transport):
    """A transport that notes what it is told."""

    sent: bytes = b""
    reading: list[bool] = field(default_factory=list)
    aborted: bool = False
    unsent: int = 0

    def write(self, data: bytes) -> None:
        self.sent += data

    def writelines(self, pieces) -> None:
        self.sent += b"".join(pieces)

    def pause_reading(self) -> None:
        self.reading.append(False)

    def resume_reading(self) -> None:
        self.reading.append(True)

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.aborted = True
