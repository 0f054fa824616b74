"""Finds in the source text every stable code that people and programs may see, so that pages can be held against it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT

SOURCE = ROOT / "src" / "alphaloop"
_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)


def modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders or ("",):
        place = SOURCE / folder
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _text(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(node: ast.AST | None) -> set[str]:
    """Every text an expression may come to: both arms of a condition, too."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    return {text} if (text := _text(node)) is not None else set()


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


def _makes_error(call: ast.Call) -> bool:
    return _name(call).endswith("Error") or _name(call) == "__init__"


def _wrappers(tree: ast.Module, made: str) -> dict[str, int]:
    """Functions of a module that put one of their arguments into an error: name -> which argument.

    `made` is 'code' for the code of the error itself, 'field' for the code of a field.
    """
    found = {}
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        names = [argument.arg for argument in function.args.args]
        for call in _calls(function):
            if not _makes_error(call):
                continue
            if made == "code":
                nodes = [_keyword(call, "code")]
            else:
                pairs = [pair for pair in ast.walk(_keyword(call, "fields") or ast.Tuple([])) if _is_pair(pair)]
                nodes = [pair.elts[1] for pair in pairs if isinstance(pair, ast.Tuple)]
                nodes += call.args[:1] if _name(call) == "PydanticCustomError" else []
            for node in nodes:
                if isinstance(node, ast.Name) and node.id in names:
                    found[function.name] = names.index(node.id)
    return found


def _is_pair(node: ast.AST) -> bool:
    return isinstance(node, ast.Tuple) and len(node.elts) == 2 and not any(isinstance(e, ast.Tuple) for e in node.elts)


def _wrapped(tree: ast.Module, wrappers: dict[str, int]) -> set[str]:
    return {
        text
        for call in _calls(tree)
        if _name(call) in wrappers and len(call.args) > wrappers[_name(call)]
        for text in _texts(call.args[wrappers[_name(call)]])
    }


def error_codes() -> set[str]:
    """Codes that stand as `code` in an answer or a job's error; those of the risk checks are apart."""
    found: set[str] = set()
    for _, tree in modules():
        found |= _wrapped(tree, _wrappers(tree, "code"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                found |= _class_codes(node)
            elif isinstance(node, ast.Dict):
                found |= _answer_codes(node)
            elif isinstance(node, ast.Call):
                found |= _call_codes(node)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and _is_named(node, "_HTTP_CODES"):
                assert isinstance(node.value, ast.Dict)
                found |= {text for value in node.value.values for text in _texts(value)}
    return found


def _is_named(node: ast.Assign | ast.AnnAssign, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _class_codes(node: ast.ClassDef) -> set[str]:
    lines = [line for line in node.body if isinstance(line, ast.Assign | ast.AnnAssign)]
    return {text for line in lines if _is_named(line, "code") for text in _texts(line.value)}


def _answer_codes(node: ast.Dict) -> set[str]:
    """`code` of an answer or job error that is written as a plain dictionary with a message."""
    pairs = {_text(key): value for key, value in zip(node.keys, node.values, strict=True)}
    return _texts(pairs["code"]) if {"code", "message"} <= pairs.keys() else set()


def _call_codes(call: ast.Call) -> set[str]:
    name = _name(call)
    if name == "BodyError":
        return _texts(call.args[0])
    if name == "error_response":
        return _texts(call.args[1])
    if name == "TestResult":
        return _texts(call.args[1]) if len(call.args) > 1 else _texts(_keyword(call, "code"))
    if name == "get" and isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "_HTTP_CODES":
        return _texts(call.args[1])
    return _texts(_keyword(call, "code")) if _makes_error(call) else set()


def error_statuses() -> dict[str, set[int]]:
    """HTTP status of each code, as far as the class that carries it tells."""
    from alphaloop.core import errors
    from alphaloop.infra.http.errors import STATUS

    found: dict[str, set[int]] = {}
    for path, tree in modules():
        if path.is_relative_to(SOURCE / "lab") or path.is_relative_to(SOURCE / "entrypoints" / "cli"):
            continue
        for call in _calls(tree):
            kind = getattr(errors, _name(call), None)
            if isinstance(kind, type) and issubclass(kind, errors.AlphaLoopError):
                for code in _texts(_keyword(call, "code")) or (
                    {kind.code} if _keyword(call, "code") is None else set()
                ):
                    found.setdefault(code, set()).add(STATUS[kind.kind])
    return found


def field_codes() -> set[str]:
    """Codes that stand beside a field in an answer's `detail`, without those of pydantic itself."""
    from alphaloop.adapters.feeds._columns import REASONS

    found = set(REASONS)
    for path, tree in modules():
        found |= _wrapped(tree, _wrappers(tree, "field"))
        for call in _calls(tree):
            if _name(call) == "PydanticCustomError":
                found |= _texts(call.args[0])
            elif _makes_error(call) and (fields := _keyword(call, "fields")) is not None:
                found |= _pair_codes(fields)
            elif _name(call) == "append" and ast.unparse(call.func) == "wrong.append":
                found |= _pair_codes(call.args[0])
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            if path.name == "rules.py" and path.parent.name == "market" and function.name in ("check_config", "_fault"):
                found |= _returned(function) | {
                    text for node in ast.walk(function) if isinstance(node, ast.ListComp) for text in _pair_codes(node)
                }
    return found


def _pair_codes(node: ast.AST) -> set[str]:
    return {
        text
        for pair in ast.walk(node)
        if isinstance(pair, ast.Tuple) and _is_pair(pair)
        for text in _texts(pair.elts[1])
    }


def _returned(node: ast.AST) -> set[str]:
    return {text for one in ast.walk(node) if isinstance(one, ast.Return) for text in _texts(one.value) if text}


def risk_codes() -> set[str]:
    """Codes of the checks of the risk pipeline, without the prefix they carry in an answer."""
    found: set[str] = set()
    for _, tree in modules("engine/risk.py"):
        for call in _calls(tree):
            if _name(call) in ("StepResult", "_at_most"):
                found |= _texts(call.args[1])
    return found


def order_reasons() -> set[str]:
    """Why an order ended: what the paper venue says, and what the order room says itself."""
    found: set[str] = set()
    for path, tree in modules("engine/matching.py", "adapters/venues", "features/orders"):
        venue = path.parent.name != "orders"
        for call in _calls(tree):
            if _name(call) in ("move_order", "values"):
                found |= _texts(_keyword(call, "reason"))
            elif _name(call) == "Placed":
                found |= _texts(_keyword(call, "code"))
            elif _name(call) in ("_close", "Closed"):
                found |= {text for argument in call.args for text in _texts(argument)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and "row.reason" in ast.unparse(node):
                found |= {text for one in node.value.elts for text in _texts(one)}
            elif venue and isinstance(node, ast.Return):
                found |= _texts(node.value)
    return {text for text in found if _CODE.fullmatch(text)}


def signal_codes() -> set[str]:
    """Why a signal did not become an order, besides the risk checks."""
    found: set[str] = set()
    for _, tree in modules("features/sessions", "features/signals"):
        found |= {
            text for call in _calls(tree) if _name(call) == "refusal" and call.args for text in _texts(call.args[0])
        }
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            found |= _returned(function) if function.name == "lateness" else set()
        found |= {
            text
            for call in _calls(tree)
            if _name(call) == "Verdict" and len(call.args) > 2
            for text in _texts(call.args[2])
            if text != "unanimous"
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                pairs = {_text(key): value for key, value in zip(node.keys, node.values, strict=True)}
                if {"step", "code"} <= pairs.keys():
                    found |= _texts(pairs["code"])
    return found


def event_names() -> set[str]:
    """Names of every event that a room announces."""
    found: set[str] = set()
    for path, tree in modules("features"):
        for call in _calls(tree):
            if _name(call) != "Event" or not call.args:
                continue
            name = call.args[0]
            if isinstance(name, ast.Attribute):
                _, constants = next(modules(f"features/{path.relative_to(SOURCE / 'features').parts[0]}/events.py"))
                lines = [line for line in constants.body if isinstance(line, ast.Assign) and _is_named(line, name.attr)]
                found |= {text for line in lines for text in _texts(line.value)}
            else:
                found |= _texts(name)
    return found
