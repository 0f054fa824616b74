"""Reading the trail over HTTP: paging, older names, and nobody else's rows."""

from alphaloop.core.clock import ManualClock
from alphaloop.features.audit.jobs import seal_once
from tests.features.users.conftest import house as house
from tests.features.users.house import OTHER_PASSWORD, PASSWORD, House, bearer

URL = "/api/v1/audit/logs"


async def test_the_trail_is_paged_newest_first_without_holes(house: House) -> None:
    headers = bearer((await house.onboard())["access_token"])
    for _ in range(6):
        await house.client.put("/api/v1/auth/profile", json={"theme": "light"}, headers=headers)
    seen, cursor = [], ""
    while True:
        page = (await house.client.get(f"{URL}?limit=3&cursor={cursor}", headers=headers)).json()
        seen += [int(item["id"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_the_older_names_say_the_same(house: House, clock: ManualClock) -> None:
    headers = bearer((await house.onboard())["access_token"])
    await seal_once(house.db, clock, "one")
    item = (await house.client.get(URL, headers=headers)).json()["items"][0]
    assert item["action_type"] == item["action"] == "users.onboarded"
    assert item["resource"] == "user:1"
    assert item["payload"] == item["details"]
    assert item["user_id"] == "1"
    assert item["sealed"] is True
    assert len(item["hash"]) == 64
    by_old_name = await house.client.get(f"{URL}?action_type=users.onboarded", headers=headers)
    assert len(by_old_name.json()["items"]) == 1


async def test_somebody_else_sees_only_what_they_did(house: House) -> None:
    await house.onboard()
    headers = bearer((await house.register("maria"))["access_token"])
    items = (await house.client.get(f"{URL}?user_id=1", headers=headers)).json()["items"]
    assert items == []
    items = (await house.client.get(URL, headers=headers)).json()["items"]
    assert {item["user_id"] for item in items} == {"2"}
    assert (await house.client.get(URL)).status_code == 401


async def test_no_password_token_or_key_ever_reaches_a_row(house: House) -> None:
    issued = await house.onboard()
    headers = {**bearer(issued["access_token"]), "User-Agent": f"Bearer {issued['access_token']}"}
    ticket = (await house.client.post("/api/v1/stream/ticket", headers=headers)).json()["ticket"]
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    await house.client.put("/api/v1/auth/password", json={**body, "current_password": "canary-pw"}, headers=headers)
    await house.client.put("/api/v1/auth/password", json=body, headers=headers)
    await house.login("canary-name", "canary-pw")
    renewed = await house.client.post("/api/v1/auth/refresh", json={"refresh_token": issued["refresh_token"]})
    secrets = [
        PASSWORD,
        OTHER_PASSWORD,
        "canary",
        ticket,
        issued["access_token"],
        issued["refresh_token"],
        renewed.json()["access_token"],
        renewed.json()["refresh_token"],
        "$argon2",
    ]
    rows = await house.audit_rows()
    assert len(rows) == 6
    for row in rows:
        text = " ".join(str(value) for value in vars(row).values())
        assert not [secret for secret in secrets if secret in text], row.action
