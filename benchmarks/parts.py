"""The parts of a run: on each kind of store the floors, the peers, ours, and the bars that ours must reach.

The bars of SQLite are ratios to ``bare sqlite3``, which works on the store's own tables; what a ``lean table`` makes of
them is told, not asked for. The floors of PostgreSQL and Redis are lean.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from taskcore.engine.handlers import Mode

from benchmarks import core, places
from benchmarks.faces import lapinq, taskmq
from benchmarks.floors import postgres, redis, sqlite
from benchmarks.laps import Contender, Place, interleave
from benchmarks.peers.catalogue import LAPINQ, ON_POSTGRES, ON_REDIS, ON_SQLITE, Peer
from benchmarks.ratios import Bar, best, ratios
from benchmarks.report import Standing

ASYNCPG, REDIS_PY, SQLITE3, LEAN, BEST = "bare asyncpg", "bare redis-py", "bare sqlite3", "lean table", "best peer"


@dataclass(frozen=True, slots=True)
class Part:
    """Everybody on one kind of store. ``bars`` are by the names of ours."""

    name: str
    place: Place
    floors: Sequence[Contender]
    peers: Sequence[Peer]
    ours: Sequence[Contender]
    bars: Mapping[str, Sequence[Bar]]

    def run(self, jobs: int, rounds: int, peers: Collection[str], say: Callable[[str], None]) -> Standing:
        """Let everybody run, but of the peers only these; beside the others nothing is asked either."""
        others = [peer.contender() for peer in self.peers if peer.name in peers]
        laps = interleave([*self.floors, *others, *self.ours], self.place, jobs, rounds, say)
        references = [contender.name for contender in (*self.floors, *others)]
        if len(others) > 1:
            laps.of[BEST] = best(laps, [other.name for other in others])
            references.append(BEST)
        subjects = [contender.name for contender in self.ours]
        asked = {bar.reference for bars in self.bars.values() for bar in bars}
        references += [name for name in subjects if name in asked]
        bars = {name: [bar for bar in bars if bar.reference in references] for name, bars in self.bars.items()}
        return Standing(laps, ratios(laps, subjects, references, bars))


def ours(store: str) -> list[Contender]:
    return [core.contender(store, mode) for mode in (Mode.ASYNC, Mode.THREAD)]


def below_taskmq(store: str) -> Contender:
    """The store as taskmq uses it: with handlers of the same kind, and tasks that are numbered as jobs are."""
    return core.contender(f"{store} numbered", Mode.THREAD, core.open_numbered)


def of_taskmq(store: str) -> tuple[Bar, ...]:
    """It costs at most a fifth of what its store does."""
    return tuple(Bar(rate, below_taskmq(store).name, 0.8) for rate in ("enqueue", "drain"))


ON_A_FILE = (Bar("enqueue", SQLITE3, 0.3), Bar("drain", SQLITE3, 0.15), Bar("drain", "huey", 6))
ON = {
    "postgres": Part(
        "PostgreSQL",
        places.postgres_database,
        floors=[postgres.contender(ASYNCPG)],
        peers=ON_POSTGRES,
        ours=[*ours("PostgreSQL"), lapinq.contender()],
        bars={
            "PostgreSQL, async": (
                Bar("enqueue", ASYNCPG, 0.6),
                Bar("single", ASYNCPG, 0.8),
                Bar("drain", ASYNCPG, 0.45),
                Bar("drain", "pgqueuer", 1.5),
            ),
            lapinq.NAME: (Bar("drain", ASYNCPG, 0.4), Bar("drain", LAPINQ.name, 30)),
        },
    ),
    "redis": Part(
        "Redis",
        places.redis_number,
        floors=[redis.contender(REDIS_PY)],
        peers=ON_REDIS,
        ours=[*ours("Redis"), below_taskmq("Redis"), taskmq.contender(taskmq.on_server)],
        bars={
            "Redis, async": (Bar("enqueue", REDIS_PY, 0.4), Bar("drain", REDIS_PY, 0.3), Bar("drain", BEST, 8)),
            taskmq.NAME: of_taskmq("Redis"),
        },
    ),
    "sqlite": Part(
        "SQLite",
        places.folder,
        floors=[sqlite.contender(SQLITE3, sqlite.SAME), sqlite.contender(LEAN, sqlite.LEAN)],
        peers=ON_SQLITE,
        ours=[
            *ours("SQLite"),
            below_taskmq("SQLite"),
            taskmq.contender(taskmq.in_folder),
            core.contender("memory", Mode.ASYNC, core.open_memory),
        ],
        bars=dict.fromkeys(("SQLite, async", "SQLite, thread"), ON_A_FILE)
        | {taskmq.NAME: (*ON_A_FILE, *of_taskmq("SQLite"))},
    ),
}
"""By the names that ``--only`` knows."""

PEERS = sorted({peer.name for part in ON.values() for peer in part.peers})
"""By the names that ``--peers`` knows."""
