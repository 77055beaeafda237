"""Which answers decide what a text of Jinja comes to, where nothing else does."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Read = tuple[str, str]  # a mapping of the context, and a name in it
Reads = tuple[Read, ...]  # in order: values are told apart by their places
OBJECTS = frozenset({"cookiecutter", "_cookiecutter"})
# What takes nothing in, defines nothing that is called later, and is no extension's.
_NODES = frozenset(
    {"Template", "Output", "TemplateData", "Const", "Name", "Getattr", "Getitem", "If", "For", "Assign"}
    | {"CondExpr", "Compare", "Operand", "And", "Or", "Not", "Neg", "Pos", "Add", "Sub", "Mul", "Div"}
    | {"FloorDiv", "Mod", "Pow", "Concat", "Filter", "Test", "Call", "Keyword", "Slice", "List", "Tuple"}
    | {"Dict", "Pair"}
)
# By chance; told by name which filter or attribute to ask of each part; shown with an address where nobody
# goes through it; or telling equal values apart.
_BY_CHANCE = frozenset(
    {"random", "map", "select", "selectattr", "reject", "rejectattr", "attr"}
    | {"sum", "min", "max", "sort", "groupby", "pprint"}
    | {"batch", "slice", "unique", "reverse", "items", "sameas"}
)
_CALCULATING = frozenset(
    {"jinja2.filters", "jinja2.tests", "cookiecutter.extensions", "markupsafe", "builtins", "_operator"}
)
_FORMATS = frozenset({"format", "format_map"})  # reach attributes by words
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}", re.IGNORECASE)  # of an object, in its words
_PLAIN = (str, bool, int, type(None))


def reads(env: Any, tree: Any) -> Reads | None:
    """The values that a parsed text reads; None when it may come to something else with equal ones.

    Whatever is not known to calculate with single values counts as such.
    """
    nodes = list(_all(tree))
    if not all(_calculates(env, node) for node in nodes):
        return None
    names = [node for node in nodes if type(node).__name__ == "Name"]
    loaded = {node.name for node in names if node.ctx == "load"}
    local = {node.name for node in names if node.ctx != "load"} | {"loop"}
    foreign = (loaded - local - OBJECTS) | (loaded & env.globals.keys()) | (local & OBJECTS)
    found = [read for node in nodes if (read := _read(node))]
    called = {id(node.node) for node in nodes if type(node).__name__ == "Call"}
    if any(_reaches_in(node) and id(node) not in called for node in nodes if not _read(node)):
        return None  # a method that is shown and not called
    mentions = sum(node.name in OBJECTS for node in names)
    return None if foreign or len(found) < mentions else in_order(found)


def in_order(found: Iterable[Read]) -> Reads:
    """Each once."""
    return tuple(sorted(set(found)))


@dataclass(frozen=True)
class Text:
    """Instead of a template of Jinja: a text that reads plain values, rendered once for equal ones."""

    name: tuple[object, ...]
    read: Reads
    template: Callable[[], Any]
    texts: dict[tuple[object, ...], str]

    def render(self, *args: Any, **context: Any) -> str:
        """What the template renders to."""
        found = None if args or context.keys() - OBJECTS else values(self.read, context)
        if found is None:
            return str(self.template().render(*args, **context))
        key = (*self.name, found)
        if key in self.texts:
            return self.texts[key]
        text = str(self.template().render(**context))
        if is_kept(text):
            self.texts[key] = text
        return text


def is_kept(text: str) -> bool:
    """Whether a text is the same whenever it is made: one that shows where an object lies is not."""
    return not _ADDRESS.search(text)


def values(read: Reads, context: Mapping[str, Any]) -> tuple[object, ...] | None:
    """What decides a text, equal only for equal texts; None when it is not all plain values."""
    found: list[object] = []
    for name, key in read:
        value = context[name].get(key, context) if name in context else context
        if type(value) not in _PLAIN:
            return None
        found += type(value), value
    return tuple(found)


def _read(node: Any) -> Read | None:
    """Of an object's attribute or item; an attribute that mappings have is not the answer of that name."""
    kind = type(node).__name__
    if kind not in ("Getattr", "Getitem") or type(node.node).__name__ != "Name":
        return None
    key = node.attr if kind == "Getattr" else getattr(node.arg, "value", None)
    if not isinstance(key, str) or hasattr(OrderedDict, key) or node.node.name not in OBJECTS:
        return None
    return node.node.name, key


def _reaches_in(node: Any) -> bool:
    """Whether it may come to a method: an item that is asked for by words is looked for there too."""
    if type(node).__name__ == "Getitem":
        return not isinstance(getattr(node.arg, "value", ""), int) and type(node.arg).__name__ != "Slice"
    return type(node).__name__ == "Getattr"


def _calculates(env: Any, node: Any) -> bool:
    kind = type(node).__name__
    if kind in ("Filter", "Test"):
        known = (env.filters if kind == "Filter" else env.tests).get(node.name)
        by_attribute = node.name == "join" and (len(node.args) > 1 or node.kwargs)
        is_known = getattr(known, "__module__", "") in _CALCULATING
        return is_known and node.name not in _BY_CHANCE and not by_attribute
    if kind == "Call":  # a method of a value
        return type(node.node).__name__ == "Getattr"
    if kind == "Getattr":
        return not node.attr.startswith("_") and node.attr not in _FORMATS
    return kind in _NODES


def _all(tree: Any) -> Iterator[Any]:
    yield tree
    for child in tree.iter_child_nodes():
        yield from _all(child)
