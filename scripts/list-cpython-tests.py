#!/usr/bin/env python3
"""Writes test/conformance/cpython-tests.json: every test of the asyncio suite of this Python.

Run with the CPython whose suite is the bar: python3.11 scripts/list-cpython-tests.py

A test is listed once, under the class or mixin that defines it, in the order of the file. The
suite is read, not imported, so tests for other platforms are listed as well.
"""
import ast
import json
import pathlib
import platform

import test.test_asyncio as suite


def statements(body):
    """Yields the statements of a body, those in an `if` or a `try` included."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            handlers = [each for handler in getattr(node, 'handlers', []) for each in handler.body]
            yield from statements(node.body + handlers + node.orelse)


def classes(body):
    return (node for node in statements(body) if isinstance(node, ast.ClassDef))


def tests(node):
    """Lists the test methods that a class defines itself."""
    return [
        item.name
        for item in statements(node.body)
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))
        and item.name.startswith('test')
    ]


files = {}
for path in sorted(pathlib.Path(suite.__path__[0]).glob('test_*.py')):
    listed = {}
    for node in classes(ast.parse(path.read_text()).body):
        if found := tests(node):
            listed[node.name] = list(dict.fromkeys(listed.get(node.name, []) + found))
    files[path.name] = listed

target = pathlib.Path(__file__).parent.parent / 'test' / 'conformance' / 'cpython-tests.json'
data = {'cpython': platform.python_version(), 'files': files}
target.write_text(json.dumps(data, indent=2) + '\n')
count = sum(len(names) for listed in files.values() for names in listed.values())
print(f'{count} tests in {len(files)} files of CPython {platform.python_version()}')
