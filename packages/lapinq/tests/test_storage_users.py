"""Users by ``Storage``, for programs that do without the server."""

import json
from datetime import datetime, timedelta

import pytest
from lapinq.storage import Storage
from taskcore.errors import InvalidInput, LastAdmin

pytestmark = pytest.mark.anyio

NOBODY = "00000000-0000-0000-0000-000000000000"


async def test_the_first_user_is_there(storage: Storage) -> None:
    found = await storage.authenticate("lapinq", "lapinq")

    assert found is not None
    assert {"username": "lapinq", "role": "admin", "permissions": {}} == {
        key: value for key, value in found.items() if key != "id"
    }
    assert None is await storage.authenticate("lapinq", "wrong")
    with pytest.raises(LastAdmin):
        await storage.delete_user(found["id"])


async def test_a_database_that_is_opened_for_its_tasks_gets_no_user(storage: Storage) -> None:
    await storage.list_tasks()

    assert 0 == await storage.pool.fetchval("SELECT count(*) FROM lapinq_users")


async def test_users_are_made_changed_and_removed(storage: Storage) -> None:
    made = await storage.create_user("ada", "secret")
    id_ = made["id"]
    permissions = {"queues": {"video": ["cancel", "delete"]}}

    assert ["id", "username", "role", "created_at"] == list(made)
    assert True is await storage.update_role(id_, "admin")
    assert True is await storage.update_permissions(id_, permissions)
    assert True is await storage.update_password(id_, "another")
    assert None is await storage.authenticate("ada", "secret")
    found = await storage.get_user_by_id(id_)
    assert found is not None
    assert ("admin", permissions) == (found["role"], found["permissions"])
    assert found == json.loads(json.dumps(found))
    assert timedelta(0) == datetime.fromisoformat(found["created_at"]).utcoffset()
    assert await storage.authenticate("ada", "another")
    assert {"ada", "lapinq"} == {user["username"] for user in await storage.list_users()}
    assert True is await storage.delete_user(id_)
    assert None is await storage.get_user_by_id(id_)


async def test_nobody_is_false_and_nonsense_is_refused(storage: Storage) -> None:
    assert [False] * 4 == [
        await storage.update_role(NOBODY, "admin"),
        await storage.update_permissions(NOBODY, {}),
        await storage.update_password(NOBODY, "secret"),
        await storage.delete_user(NOBODY),
    ]
    for name, password, role in (("", "secret", "user"), ("bob", "x", "user"), ("bob", "secret", "root")):
        with pytest.raises(InvalidInput):
            await storage.create_user(name, password, role)
    await storage.create_user("bob", "secret")
    with pytest.raises(InvalidInput):
        await storage.create_user("BOB", "secret")
