"""The list of all conversations. Each is a function of a Talk; a generated one gets more arguments."""

import importlib
import pathlib

CONVERSATIONS = {}


def conversation(function):
    """Registers a script under the name of its module and its own."""
    add(function)
    return function


def add(function, *arguments, name=None):
    module = function.__module__.rpartition(".")[2]
    full = f"{module}.{function.__name__}" + (f".{name}" if name is not None else "")
    assert full not in CONVERSATIONS, f"two conversations {full}"
    CONVERSATIONS[full] = lambda talk: function(talk, *arguments)


def load():
    for path in sorted((pathlib.Path(__file__).resolve().parent / "conversations").glob("*.py")):
        importlib.import_module(f"conversations.{path.stem}")
    return CONVERSATIONS
