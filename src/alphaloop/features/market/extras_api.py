"""Inputs besides prices over HTTP: bring one in, see which there are, forget one."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from pydantic import Field, StringConstraints

from alphaloop.adapters.feeds import read_extra_file
from alphaloop.core.errors import NotFoundError
from alphaloop.features.audit import service as audit
from alphaloop.features.market import extras
from alphaloop.features.market.extras import StoredExtra
from alphaloop.features.market.uploads import kind_of, spool
from alphaloop.infra.http.doors import Asking, Now, StrictRoute, Wired
from alphaloop.infra.http.wire import Count, ErrorBody, Flag, Page, Wire

router = APIRouter(
    prefix="/market/extras",
    tags=["行情 Market"],
    route_class=StrictRoute,
    responses={status: {"model": ErrorBody} for status in (401, 403, 422)},
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Scale = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]


class ExtraForm(Wire):
    """A file with a time and a value a row, where it has them also when each was known (`known_at`, `filed`) and whose
    it is (`symbol`). `column` names the value's column where its name does not tell; `scale` multiplies it, so that
    per cents become fractions by 0.01."""

    file: UploadFile
    name: Name
    column: Annotated[str | None, StringConstraints(max_length=64)] = None
    scale: Scale = 1.0


class ExtraOut(Wire):
    """An input that strategies find by its name. `instruments` is how many have values of their own, 0 when it is
    nobody's; not `imported` is what the operator's data folder brings."""

    name: str
    rows: Count
    instruments: Count
    first_ts: int
    last_ts: int
    imported: Flag

    @classmethod
    def of(cls, stored: StoredExtra) -> "ExtraOut":
        return cls(**stored._asdict())


@router.get("", operation_id="list_extras")
async def list_extras(actor: Asking, wiring: Wired) -> Page[ExtraOut]:
    """Every input besides prices that strategies find here."""
    actor.require("market.read")
    found = await asyncio.to_thread(extras.list_extras, extras.extra_places(wiring.settings))
    return Page(items=[ExtraOut.of(one) for one in found])


@router.post("/import", operation_id="import_extra", responses={413: {"model": ErrorBody}})
async def import_extra(
    form: Annotated[ExtraForm, Form(media_type="multipart/form-data")], actor: Asking, wiring: Wired, clock: Now
) -> ExtraOut:
    """Bring in an input from a CSV, Parquet or Feather file, in the place of an earlier one. A bad row refuses it."""
    actor.require("market.import")
    kind, places = kind_of(form.file), extras.extra_places(wiring.settings)
    with tempfile.TemporaryDirectory(prefix="alphaloop-extra-") as folder:
        path = Path(folder) / f"extra.{kind}"
        await asyncio.to_thread(spool, form.file, path)
        read = await asyncio.to_thread(
            read_extra_file, path, form.name, kind=kind, column=form.column, scale=form.scale
        )
    stored = await asyncio.to_thread(extras.keep_extra, places, form.name, read)
    async with wiring.db.write() as session:
        await audit.record(
            session,
            actor,
            clock=clock,
            action="market.import_extra",
            resource_type="extra",
            resource_id=form.name,
            after={"rows": stored.rows, "instruments": stored.instruments},
        )
    return ExtraOut.of(stored)


@router.delete("/{name}", operation_id="delete_extra", status_code=204, responses={404: {"model": ErrorBody}})
async def delete_extra(name: Name, actor: Asking, wiring: Wired, clock: Now) -> None:
    """Forget what was imported under a name; a built-in input of that name is found again then."""
    actor.require("market.import")
    if not await asyncio.to_thread(extras.forget_extra, extras.extra_places(wiring.settings), name):
        raise NotFoundError("Nothing was imported under this name.", code="extra_not_found")
    async with wiring.db.write() as session:
        await audit.record(
            session, actor, clock=clock, action="market.delete_extra", resource_type="extra", resource_id=name
        )
