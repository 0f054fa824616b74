"""Signing in, people, roles and socket tickets over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response

from alphaloop import __version__
from alphaloop.core.errors import ForbiddenError, UnauthenticatedError
from alphaloop.features.users import schemas, service
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Wired, Wiring, Writing
from alphaloop.infra.http.peer import is_https, is_loopback, is_own_origin, origin_of, rate_key
from alphaloop.infra.http.wire import ErrorBody, Id, Page, PageSize, make_cursor, read_cursor

COOKIE = "alphaloop_refresh"
COOKIE_PATH = "/api/v1/auth"

router = APIRouter(tags=["用户 Users"], route_class=StrictRoute, generate_unique_id_function=lambda route: route.name)


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorBody} for status in (*statuses, 422)}


@router.get("/auth/state")
async def get_auth_state(session: Reading, wiring: Wired) -> schemas.AuthState:
    """Whether anybody lives here yet, and how one comes in."""
    return schemas.AuthState(
        onboarded=await service.get_public_state(session),
        mode="local" if wiring.settings.single_user else "server",
        registration_open=wiring.settings.registration_open,
        version=__version__,
    )


@router.post("/auth/onboard", responses=_refusals(403, 409, 429))
async def onboard(body: schemas.Onboarding, request: Request, response: Response, wiring: Wired) -> schemas.TokenOut:
    """Make the first account, the administrator. Only before any account exists and only on this machine."""
    local = is_loopback(request, wiring.settings.forwarded_allow_ips) and is_own_origin(request)
    issued = await _entrance(wiring).onboard(
        origin_of(request),
        password=body.password,
        looks={"locale": body.locale, "updown": body.updown, "focus": body.focus},
        local=local,
    )
    return _handed_out(issued, body.remember, request, response, wiring)


@router.post("/auth/login", responses=_refusals(401, 429))
async def login(body: schemas.Login, request: Request, response: Response, wiring: Wired) -> schemas.TokenOut:
    """Sign in; the name may be left out where only one person lives."""
    issued = await _entrance(wiring).login(origin_of(request), username=body.username, password=body.password)
    return _handed_out(issued, body.remember, request, response, wiring)


@router.post("/auth/token", responses=_refusals(401, 429))
async def login_for_docs(
    form: Annotated[schemas.PasswordGrant, Form()], request: Request, response: Response, wiring: Wired
) -> schemas.TokenOut:
    """The OAuth2 password form, for the Authorize button of the API docs."""
    issued = await _entrance(wiring).login(origin_of(request), username=form.username, password=form.password)
    return _handed_out(issued, "body", request, response, wiring)


@router.post("/auth/register", responses=_refusals(403, 409, 429))
async def register(body: schemas.Registration, request: Request, response: Response, wiring: Wired) -> schemas.TokenOut:
    """Make an account, where the operator opened registration."""
    issued = await _entrance(wiring).register(
        origin_of(request), username=body.username, email=body.email, password=body.password
    )
    return _handed_out(issued, body.remember, request, response, wiring)


@router.post("/auth/refresh", responses=_refusals(401, 403, 429))
async def refresh(
    request: Request, response: Response, wiring: Wired, body: schemas.RefreshRequest | None = None
) -> schemas.TokenOut:
    """Exchange the refresh token (of the body, else of the cookie) for the next pair."""
    given = body.refresh_token if body is not None else None
    token = given or _cookie(request)
    origin = origin_of(request)
    await service.parts_of(wiring).limits.hit("refresh_peer", rate_key(origin.ip_address))
    issued = None
    if token:
        async with wiring.db.write() as session:
            issued = await service.refresh_login(
                session, origin, token, clock=wiring.clock, mint=service.parts_of(wiring).mint
            )
    if issued is None:
        raise UnauthenticatedError("Sign in again.", code="refresh_invalid")
    return _handed_out(issued, "body" if given else "cookie", request, response, wiring)


@router.post("/auth/logout", status_code=204, responses=_refusals(401, 403))
async def logout(
    request: Request, response: Response, wiring: Wired, body: schemas.RefreshRequest | None = None
) -> None:
    """End this login. It counts at once, for its access tokens too."""
    token = (body.refresh_token if body is not None else None) or _cookie(request)
    response.delete_cookie(COOKIE, path=COOKIE_PATH, httponly=True, samesite="strict")
    try:
        actor = await request.app.state.authenticate(request)
    except UnauthenticatedError:
        # A browser may log out after its access token has run out.
        actor = None
    async with wiring.db.write() as session:
        if actor is not None:
            await service.close_login(session, actor, clock=wiring.clock)
            return
        if token and await service.revoke_token_login(session, origin_of(request), token, clock=wiring.clock):
            return
    raise UnauthenticatedError("Nobody is signed in.", code="unauthenticated")


@router.get("/auth/me", responses=_refusals(401))
async def get_me(actor: Asking, session: Reading, wiring: Wired) -> schemas.Me:
    return await service.get_me(session, actor, wiring.vault)


@router.put("/auth/profile", responses=_refusals(401))
async def update_profile(
    body: schemas.ProfileChange, actor: Asking, session: Writing, clock: Now, wiring: Wired
) -> schemas.Me:
    """Change the fields that are present; the others stay."""
    changes = {name: getattr(body, name) for name in sorted(body.model_fields_set)}
    return await service.update_profile(session, actor, clock=clock, vault=wiring.vault, changes=changes)


@router.put("/auth/password", status_code=204, responses=_refusals(401, 403, 409, 429))
async def change_password(body: schemas.PasswordChange, actor: Asking, wiring: Wired) -> None:
    """Change the password: every other login ends, and this one has to refresh its access token."""
    await _entrance(wiring).change_password(actor, current=body.current_password, new=body.new_password)


@router.get("/users", responses=_refusals(401, 403))
async def list_users(
    actor: Asking,
    session: Reading,
    cursor: Annotated[str | None, Query(max_length=32)] = None,
    limit: Annotated[PageSize, Query()] = 50,
) -> Page[schemas.UserOut]:
    people = await service.list_people(session, actor, after_id=read_cursor(cursor), limit=limit + 1)
    more = make_cursor(people[limit - 1].id) if len(people) > limit else None
    return Page(items=people[:limit], next_cursor=more)


@router.put("/users/{user_id}/roles", responses=_refusals(401, 403, 404, 409))
async def set_user_roles(
    user_id: Id, body: schemas.RolesChange, actor: Asking, session: Writing, clock: Now
) -> schemas.UserOut:
    user = await service.set_roles(session, actor, clock=clock, user_id=user_id, roles=body.roles)
    return await service.show_person(session, user)


@router.put("/users/{user_id}/status", responses=_refusals(401, 403, 404, 409))
async def set_user_status(
    user_id: Id, body: schemas.StatusChange, actor: Asking, session: Writing, clock: Now
) -> schemas.UserOut:
    return await service.set_status(session, actor, clock=clock, user_id=user_id, status=body.status)


@router.get("/roles", responses=_refusals(401, 403))
async def list_roles(actor: Asking, session: Reading) -> list[schemas.RoleOut]:
    actor.require("user.manage")
    return [
        schemas.RoleOut(name=name, permissions=sorted(permissions))
        for name, permissions in (await service.list_roles(session)).items()
    ]


@router.post("/roles", status_code=201, responses=_refusals(401, 403, 409))
async def add_role(body: schemas.NewRole, actor: Asking, session: Writing, clock: Now) -> schemas.RoleOut:
    await service.add_role(session, actor, clock=clock, name=body.name, permissions=body.permissions)
    return schemas.RoleOut(name=body.name, permissions=sorted(set(body.permissions)))


@router.put("/roles/{name}/permissions", responses=_refusals(401, 403, 404, 409))
async def set_role_permissions(
    name: str, body: schemas.PermissionsChange, actor: Asking, session: Writing, clock: Now
) -> schemas.RoleOut:
    await service.set_permissions(session, actor, clock=clock, name=name, permissions=body.permissions)
    return schemas.RoleOut(name=name, permissions=sorted(set(body.permissions)))


@router.get("/permissions", responses=_refusals(401, 403))
async def list_permissions(actor: Asking, session: Reading) -> list[str]:
    actor.require("user.manage")
    return await service.list_permissions(session)


@router.post("/stream/ticket", responses=_refusals(401, 429))
async def issue_stream_ticket(actor: Asking, session: Writing, wiring: Wired) -> schemas.TicketOut:
    """A single-use admission to the socket, so that no token ever stands in an address."""
    await service.parts_of(wiring).limits.hit("ticket_user", str(actor.person))
    ticket, expires_in = await service.TicketOffice(wiring.clock).issue(session, actor)
    return schemas.TicketOut(ticket=ticket, expires_in=expires_in)


def _entrance(wiring: Wiring) -> service.Entrance:
    return service.parts_of(wiring).entrance


def _cookie(request: Request) -> str | None:
    """The refresh cookie; ForbiddenError when another site's page makes the browser send it."""
    token = request.cookies.get(COOKIE)
    if token and not is_own_origin(request):
        raise ForbiddenError("This page may not do that.", code="foreign_origin")
    return token[:512] if token else None


def _handed_out(
    issued: service.Issued, remember: schemas.Remember, request: Request, response: Response, wiring: Wiring
) -> schemas.TokenOut:
    response.headers["Cache-Control"] = "no-store"
    if remember == "cookie":
        response.set_cookie(
            COOKIE,
            issued.refresh_token,
            max_age=issued.refresh_expires_in,
            path=COOKIE_PATH,
            httponly=True,
            samesite="strict",
            secure=is_https(request, wiring.settings.forwarded_allow_ips),
        )
    return schemas.TokenOut(
        access_token=issued.access_token,
        expires_in=issued.expires_in,
        refresh_token=None if remember == "cookie" else issued.refresh_token,
    )
