"""procrastinate on PostgreSQL, with psycopg, its only asynchronous driver, and its bulk enqueue."""

from procrastinate import App, PsycopgConnector

from benchmarks.laps import Lap, batches
from benchmarks.peers.runs import Runs, main

CONCURRENCY = 20


async def lap(place: str, jobs: int) -> Lap:
    app = App(connector=PsycopgConnector(conninfo=place))
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        runs = Runs("procrastinate", jobs)

        @app.task(name="noop")
        async def noop() -> None:
            runs.one()

        for size in batches(jobs):
            await noop.batch_defer_async(*[{}] * size)
        runs.enqueued()
        return await runs.lap(app.run_worker_async(concurrency=CONCURRENCY))


if __name__ == "__main__":
    main(lap)
