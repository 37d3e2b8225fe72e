"""Tasks as the pages show them: found by the id that their producer knows, with what this queue keeps of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from taskcore.ids import TaskId
from taskcore.ui.models import Counts, FailureGroup, LogRow
from taskcore.ui.models.tasks import TaskDetail, TaskFilter, TaskPage
from taskcore.ui.source import TaskPart

from lapinq import documents
from lapinq.service import Service
from lapinq.vocabulary import terms_of


@dataclass(frozen=True, slots=True)
class ShownTasks:
    """The store's part, and more about each task."""

    stored: TaskPart
    service: Service

    async def counts(self) -> Counts:
        return await self.stored.counts()

    async def list(self, wanted: TaskFilter) -> TaskPage:
        return await self.stored.list(wanted)

    async def get(self, task: str) -> TaskDetail | None:
        detail = await self.stored.get(await self._core_id(task))
        if detail is None:
            return None
        record = await self.service.store.get(TaskId(detail.row.id))
        terms = terms_of(None if record is None else record.meta)
        facts = {
            "Metadata": documents.dump(terms.metadata) if terms.metadata else "",
            "Executions at most": str(max(1, terms.max_retries)),
            "Id before the takeover": str(terms.id or ""),
            "Webhook": terms.webhook_url or "",
        }
        return replace(detail, facts={**detail.facts, **{label: text for label, text in facts.items() if text}})

    async def logs(self, task: str, limit: int) -> Sequence[LogRow]:
        return await self.stored.logs(task, limit)

    async def failures(self, wanted: TaskFilter, limit: int) -> Sequence[FailureGroup]:
        return await self.stored.failures(wanted, limit)

    async def _core_id(self, text: str) -> str:
        """The public release gave out ids that the store does not know."""
        try:
            id_ = UUID(text)
        except ValueError:
            return text
        return (await self.service.tables.task_ids([id_]))[id_]
