"""`alphaloop`: one program for the platform and for research. Help must be instant, so every import is late."""

import importlib
import sys
from typing import Annotated, Any

import typer

_BAD_INPUT = 2

app = typer.Typer(
    name="alphaloop",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    help="AlphaLoop: a personal quant loop and a Chan-theory (缠论) platform.",
)
ledger = typer.Typer(no_args_is_help=True, help="The double-entry books.")
audit = typer.Typer(no_args_is_help=True, help="The append-only audit trail.")
app.add_typer(ledger, name="ledger")
app.add_typer(audit, name="audit")
for _name in ("chan", "strategies", "backtest", "data", "factors", "signals"):
    _module = importlib.import_module(f"alphaloop.entrypoints.cli.{_name}")
    app.add_typer(_module.app, name=_name)
    for _verb, _command in getattr(_module, "ROOT", {}).items():
        app.command(name=_verb)(_command)
for _name in ("honesty", "research", "optimise"):  # they add their verbs to `backtest`
    importlib.import_module(f"alphaloop.entrypoints.cli.{_name}")


def _version(wanted: bool) -> None:
    if wanted:
        from alphaloop import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """AlphaLoop."""


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="Port of the page and the API.", min=0, max=65535)] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
) -> None:
    """Start the platform: the page, the API and the worker, with nothing else needed."""
    from alphaloop.entrypoints.launch import launch

    raise typer.Exit(launch(host=host, port=port))


app.command(name="webserver", hidden=True, help="The same as `serve`.")(serve)


@app.command()
def web() -> None:
    """Run one HTTP process, for an operator who starts the parts separately."""
    _loud(lambda: importlib.import_module("alphaloop.entrypoints.web").run())


@app.command()
def worker() -> None:
    """Run one worker: replays, strategies, jobs, the scheduler."""
    _loud(lambda: importlib.import_module("alphaloop.entrypoints.worker").run())


@app.command()
def celery(
    at_once: Annotated[int, typer.Option("--at-once", help="Jobs to run at a time.", min=1, max=64)] = 2,
) -> None:
    """Run one worker for the jobs that Celery hands out; needs CELERY_BROKER_URL."""
    _loud(lambda: importlib.import_module("alphaloop.entrypoints.celery_worker").run(at_once))


@app.command()
def migrate(
    down: Annotated[bool, typer.Option("--down", help="Undo every migration: this deletes all data.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring the database to the newest tables."""
    from alphaloop.entrypoints.migrate import downgrade, upgrade

    url = _settings().database_url
    if down:
        if not yes:
            typer.confirm("This deletes every table and all that is in them. Go on?", abort=True)
        downgrade(url)
    else:
        upgrade(url)


@app.command()
def warm() -> None:
    """Compile the numeric kernels ahead, so that the first backtest and replay start at once."""
    from alphaloop.entrypoints.warm import warm

    warm(_settings().compile_cache)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document; needs no server and no database."""
    import json

    from alphaloop.entrypoints.web import make_app

    typer.echo(json.dumps(make_app(None).openapi(), ensure_ascii=False, indent=1, sort_keys=True))


@ledger.command(name="check")
def ledger_check() -> None:
    """Check every invariant of the ledger on the configured database; exit code 1 when one is broken."""
    from alphaloop.entrypoints.checks import broken_ledger

    _report(broken_ledger(_settings()), "The ledger is right.")


@audit.command(name="verify")
def audit_verify() -> None:
    """Check the audit trail's chain; exit code 1 and the row when it is broken."""
    from alphaloop.entrypoints.checks import broken_audit

    _report(broken_audit(_settings()), "The audit trail is whole.")


def _report(problems: list[str], fine: str) -> None:
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(fine)


def _settings() -> Any:
    from alphaloop.infra.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as error:
        typer.echo(f"alphaloop: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None


def _loud(run: Any) -> None:
    from alphaloop.infra.settings import SettingsError

    try:
        run()
    except SettingsError as error:
        typer.echo(f"alphaloop: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None


# Names people know from freqtrade, where they mean the same; they pass everything on.
_ALIASES = {
    "list-strategies": ["strategies", "list"],
    "backtesting": ["backtest", "run"],
    "list-data": ["data", "list"],
}


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in _ALIASES:
        sys.argv[1:2] = _ALIASES[sys.argv[1]]
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "alphaloop":
            raise  # ours: a mistake in the program, not a package that was left out
        typer.echo(f"This needs {error.name}, which the server brings: pip install 'alphaloop[server]'.", err=True)
        raise SystemExit(_BAD_INPUT) from None
