#!/usr/bin/env python3
"""Writes test/conformance/cpython-tests.json: the tests of asyncio's suite, by the version that added them.

Run it with each CPython, oldest first: python3.11 scripts/list-cpython-tests.py, then python3.12 …
For a version that is not installed: python3 scripts/list-cpython-tests.py VERSION FOLDER, with a copy
of its Lib/test/test_asyncio. The first version is listed whole, a later one by what it adds.

A test is listed once, under the class or mixin that first defined it, in the order of the file. The
suite is read, not imported, so tests for other platforms are listed as well.
"""
import ast
import json
import pathlib
import platform
import sys


def statements(body):
    """Yields the statements of a body, those in an `if` or a `try` included."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            handlers = [each for handler in getattr(node, 'handlers', []) for each in handler.body]
            yield from statements(node.body + handlers + node.orelse)


def classes(body):
    return (node for node in statements(body) if isinstance(node, ast.ClassDef))


def returns_supers(function):
    """Says whether a test only returns what the same test of its base class gives."""
    last = function.body[-1]
    return isinstance(last, ast.Return) and f'super().{function.name}()' in ast.unparse(last)


def tests(node):
    """Lists the test methods that a class defines itself."""
    return [
        item.name
        for item in statements(node.body)
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))
        and item.name.startswith('test')
        and not returns_supers(item)
    ]


def suite(folder):
    files = {}
    for path in sorted(folder.glob('test_*.py')):
        listed = files[path.name] = {}
        for node in classes(ast.parse(path.read_text()).body):
            if found := tests(node):
                listed[node.name] = list(dict.fromkeys(listed.get(node.name, []) + found))
    return files


def added(files, earlier):
    """Picks the tests that no earlier version has, in this class or in one that it was taken from."""
    def is_new(file, name, test):
        for version in earlier.values():
            for other, names in version.get(file, {}).items():
                moved = test not in files[file].get(other, [])
                if test in names and (other == name or moved):
                    return False
        return True

    new = {
        file: {name: [test for test in names if is_new(file, name, test)] for name, names in listed.items()}
        for file, listed in files.items()
    }
    new = {file: {name: names for name, names in listed.items() if names} for file, listed in new.items()}
    return {file: listed for file, listed in new.items() if listed}


def order(version):
    return [int(part) for part in version.split('.')]


if len(sys.argv) > 1:
    version, folder = sys.argv[1], pathlib.Path(sys.argv[2])
else:
    import test.test_asyncio
    version, folder = platform.python_version(), pathlib.Path(test.test_asyncio.__path__[0])
target = pathlib.Path(__file__).parent.parent / 'test' / 'conformance' / 'cpython-tests.json'
versions = json.loads(target.read_text()) if target.exists() else {}
earlier = {each: files for each, files in versions.items() if order(each) < order(version)}
versions[version] = added(suite(folder), earlier)
target.write_text(json.dumps(versions, indent=1) + '\n')
count = sum(len(names) for listed in versions[version].values() for names in listed.values())
print(f'{count} tests of CPython {version}')
