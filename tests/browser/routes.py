"""Every page of a dashboard, found as a visitor would: by what its lists name."""

from urllib.parse import quote

from .conftest import Visitor

LISTS = (
    "/",
    "/tasks",
    "/dead",
    "/schedules",
    "/schedules/calendar",
    "/schedules/new?cron=30+2+*+*+*&zone=Europe/Rome",
    "/webhooks",
    "/webhooks/secrets",
    "/pipelines",
    "/queues",
    "/workers",
    "/registry",
    "/users",
    "/users/new",
    "/keys",
    "/audit",
    "/settings",
    "/account",
    "/gallery",
    "/login",
    "/nothing-here",
)


def routes(visitor: Visitor) -> list[str]:
    """The lists, and one page of everything that they list; some twice, where they look different."""

    def model(path: str) -> dict[str, object]:
        answer = visitor.context.request.get(visitor.address + path, headers={"Accept": "application/json"})
        assert 200 == answer.status, f"{path}: {answer.status}"
        found = answer.json()
        assert isinstance(found, dict)
        return found

    def ids(path: str, *names: str) -> list[str]:
        value: object = model(path)
        for name in names:
            assert isinstance(value, dict), (path, name)
            value = value[name]
        assert isinstance(value, list)
        return [quote(str(row["id"]), safe="") for row in value]

    failed = ids("/tasks?state=failed", "page", "rows")[0]
    running = ids("/tasks?state=running", "page", "rows")[0]
    schedule = ids("/schedules", "schedules")[0]
    return [
        *LISTS,
        f"/schedules/{schedule}",
        f"/webhooks/{ids('/webhooks?status=failed', 'deliveries')[0]}",
        "/pipelines/orders-etl",
        *(f"/pipelines/runs/run-live?view={view}" for view in ("graph", "timeline", "list")),
        *(f"/tasks/{failed}{tab}" for tab in ("", "?tab=error", "?tab=logs", "?tab=arguments", "?tab=events")),
        f"/tasks/{running}",
        f"/tasks?q={quote('nonsense:x')}",
        "/tasks?task=nothing-has-this-name",
        f"/actions/retry?target={failed}",
        "/actions/delete?matching=state%3Dfailed",
        "/actions/pause-queue?target=billing",
        f"/users/{ids('/users', 'users')[0]}",
    ]
