"""The database's own refusal to change audit rows, for each dialect; created by the migration that makes the table."""

from alphaloop.features.audit.rules import CONTENT_COLUMNS

_TABLE = "audit_logs"
_SAYS = "audit rows are append-only"


def create(dialect: str) -> list[str]:
    """Statements that forbid deleting a row and changing anything but the seal of a row not yet sealed."""
    if dialect == "sqlite":
        return _sqlite()
    if dialect == "postgresql":
        return _postgresql()
    return _mysql()


def drop(dialect: str) -> list[str]:
    """Statements that undo `create`."""
    if dialect == "postgresql":
        return [
            f"DROP TRIGGER IF EXISTS {_TABLE}_no_truncate ON {_TABLE}",
            f"DROP TRIGGER IF EXISTS {_TABLE}_append_only ON {_TABLE}",
            f"DROP FUNCTION IF EXISTS {_TABLE}_append_only()",
        ]
    names = [f"{_TABLE}_no_edit", f"{_TABLE}_no_delete"]
    if dialect == "sqlite":
        names.append(f"{_TABLE}_no_replace")
    return [f"DROP TRIGGER IF EXISTS {name}" for name in names]


def _sqlite() -> list[str]:
    changed = " OR ".join(f'NEW."{name}" IS NOT OLD."{name}"' for name in CONTENT_COLUMNS)
    stop = f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
    return [
        f"CREATE TRIGGER {_TABLE}_no_edit BEFORE UPDATE ON {_TABLE} "
        f"WHEN OLD.seal_no IS NOT NULL OR NEW.seal_no IS NULL OR {changed} {stop}",
        f"CREATE TRIGGER {_TABLE}_no_delete BEFORE DELETE ON {_TABLE} {stop}",
        # INSERT OR REPLACE deletes without asking the trigger above.
        f"CREATE TRIGGER {_TABLE}_no_replace BEFORE INSERT ON {_TABLE} "
        f"WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE id = NEW.id) {stop}",
    ]


def _postgresql() -> list[str]:
    seal = "ARRAY['prev_hash','hash','sealed_at','seal_no']"
    return [
        f"""CREATE FUNCTION {_TABLE}_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.seal_no IS NULL AND NEW.seal_no IS NOT NULL
       AND (to_jsonb(NEW) - {seal}) = (to_jsonb(OLD) - {seal}) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '{_SAYS}';
END $body$""",
        f"CREATE TRIGGER {_TABLE}_append_only BEFORE UPDATE OR DELETE ON {_TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {_TABLE}_append_only()",
        f"CREATE TRIGGER {_TABLE}_no_truncate BEFORE TRUNCATE ON {_TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {_TABLE}_append_only()",
    ]


def _mysql() -> list[str]:
    changed = " OR ".join(f"NOT (NEW.`{name}` <=> OLD.`{name}`)" for name in CONTENT_COLUMNS)
    stop = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_SAYS}'"
    return [
        f"CREATE TRIGGER {_TABLE}_no_edit BEFORE UPDATE ON {_TABLE} FOR EACH ROW "
        f"BEGIN IF OLD.seal_no IS NOT NULL OR NEW.seal_no IS NULL OR {changed} THEN {stop}; END IF; END",
        f"CREATE TRIGGER {_TABLE}_no_delete BEFORE DELETE ON {_TABLE} FOR EACH ROW {stop}",
    ]
