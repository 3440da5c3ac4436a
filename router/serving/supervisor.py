"""Several processes behind one address, and the one that looks after them.

The supervisor serves nothing. It holds the listening socket, forks a worker for each place, replaces those that die,
passes signals on and ends when all have ended. It is one thread without an event loop, so that forking it is safe. A
worker is a whole proxy: it has its own ledger connection, journal of calls under way, simulator, limits and memory of
upstreams, and follows the configuration by itself. The supervisor follows it as well, so that a worker that takes the
place of a dead one begins with the last good one whatever the file says by then.
"""

import gc
import logging
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from router.errors import OperatorError
from router.plan import Plan
from router.serving.reload import LOOK_SECONDS, Watch
from router.serving.worker import Service, serve
from router.telemetry import log

TICK_SECONDS = 0.05

FIRST_REST_SECONDS = 0.1
LONGEST_REST_SECONDS = 10.0
"""How long the place of a worker that died stays empty: at first, and at most, when those that follow die as well."""

STEADY_SECONDS = 10.0
"""A worker that lived for so long did not die of its start."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_log = logging.getLogger("tierwise.serving")


@dataclass(slots=True)
class Place:
    """One worker's place. `pid` is None while nobody is there; `told` is the pipe by which it says that it serves."""

    number: int
    pid: int | None = None
    told: int | None = None
    serves: bool = False
    since: float = 0.0
    rest: float = 0.0


class Supervisor:
    """Looks after the workers of one address."""

    def __init__(self, plan: Plan, service: Service, listener: socket.socket, workers: int) -> None:
        """Begin with nobody."""
        self._plan = plan
        self._service = service
        self._listener = listener
        self._places = [Place(number) for number in range(1, workers + 1)]
        self._watch = Watch(lambda: service.files(self._plan))
        self._lifeline, self._alive = os.pipe()
        self._signals: list[int] = []
        self._ending = False
        self._begun = False
        self._code = 0

    def run(self, began: Callable[[], object]) -> int:
        """Keep the workers serving until a signal comes; return the exit code. `began` is called when all serve."""
        for number in _SIGNALS:
            signal.signal(number, lambda got, _frame: self._signals.append(got))
        gc.freeze()  # else each collection copies the pages that workers share, the one at the end all of them
        looked = time.monotonic()
        while not (self._ending and all(place.pid is None for place in self._places)):
            self._pass_on()
            self._bury()
            if not self._ending:
                self._fill()
            self._hear(began)
            if time.monotonic() - looked > LOOK_SECONDS:
                looked = time.monotonic()
                self._follow()
            time.sleep(TICK_SECONDS)
        return self._code

    def _pass_on(self) -> None:
        """Do what the signals that came ask for: a first SIGTERM or SIGINT ends everything, a second hurries it."""
        while self._signals:
            number = self._signals.pop(0)
            if number == signal.SIGHUP:
                self._tell(number)
            elif self._ending:
                self._tell(signal.SIGTERM)
            else:
                self._end()

    def _end(self) -> None:
        """Let everybody end: no worker is replaced any more, and the address is theirs to close.

        They learn it by the end of their lifeline and not by a signal: a terminal or systemd signals all processes of a
        group at once, and a second signal would hurry those that had the first already.
        """
        if not self._ending:
            self._ending = True
            self._listener.close()
            os.close(self._alive)

    def _tell(self, number: int) -> None:
        for place in self._places:
            if place.pid is not None:
                os.kill(place.pid, number)

    def _bury(self) -> None:
        """See who has died."""
        for place in self._places:
            if place.pid is None:
                continue
            pid, status = os.waitpid(place.pid, os.WNOHANG)
            if pid:
                self._leave_empty(place, os.waitstatus_to_exitcode(status))

    def _leave_empty(self, place: Place, code: int) -> None:
        """Note that a worker has ended with `code` (a signal's is negative), and when its place is to be filled."""
        lived, served = time.monotonic() - place.since, place.serves
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        level = logging.INFO if self._ending and not code else logging.ERROR
        _log.log(level, "worker %d (process %d) has ended: %s", place.number, place.pid or 0, how)
        if place.told is not None:
            os.close(place.told)
        place.pid, place.told, place.serves = None, None, False
        if self._ending:
            if code and (served or code != -signal.SIGTERM):
                self._code = self._code or 1
        elif not self._begun and code > 0:
            self._code = code  # it cannot begin, and has said why
            self._end()
        else:
            place.rest = 0.0 if lived > STEADY_SECONDS else min(2 * place.rest, LONGEST_REST_SECONDS)
            place.rest = max(place.rest, FIRST_REST_SECONDS)
            place.since = time.monotonic()

    def _fill(self) -> None:
        """Fork a worker for each place that has been empty for long enough."""
        for place in self._places:
            if place.pid is None and time.monotonic() - place.since >= place.rest:
                self._fork(place)

    def _fork(self, place: Place) -> None:
        heard, told = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            os.close(told)
            os.set_blocking(heard, False)
            place.pid, place.told, place.since = pid, heard, time.monotonic()
            return
        code = 2
        try:
            os.close(heard)
            code = self._work(told)
        finally:
            if sys.exc_info()[0] is not None:
                traceback.print_exc()  # nobody else will: a fork does not return to where it came from
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _work(self, told: int) -> int:
        """Be a worker, in its process; return its exit code."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN if number is signal.SIGHUP else signal.SIG_DFL)
        os.close(self._alive)
        for place in self._places:
            if place.told is not None:
                os.close(place.told)
        try:
            plan = self._newest() if self._begun else self._plan
            return serve(plan, self._service, self._listener, lambda: os.write(told, b"1"), self._lifeline)
        except OperatorError as error:
            print(f"tierwise: {error.message}\n{error.fix}", file=sys.stderr)  # noqa: T201  # as the command does
            return 2

    def _newest(self) -> Plan:
        """Return the newest configuration, or the last good one."""
        try:
            return self._service.load(self._plan)
        except OperatorError:
            return self._plan

    def _hear(self, began: Callable[[], object]) -> None:
        """Note which workers serve, and say so when all do for the first time."""
        for place in self._places:
            if place.told is not None and not place.serves:
                try:
                    place.serves = bool(os.read(place.told, 1))
                except BlockingIOError:
                    continue
                if place.serves and self._begun:
                    _log.warning("worker %d is replaced: process %d serves", place.number, place.pid or 0)
        if not self._begun and all(place.serves for place in self._places):
            self._begun = True
            began()

    def _follow(self) -> None:
        """Keep the last good configuration for workers to come; those that serve follow it themselves."""
        if self._ending or not self._watch.changed():
            return
        marks = self._watch.marks()
        plan = self._newest()
        if plan.log_level != self._plan.log_level:
            log.configure(plan.log_level)
        self._plan = plan
        self._watch.know(marks)
