"""Prints what memory a task that sleeps takes, in bytes: asyncio-ts.ts in Python."""

import asyncio
import gc
import json
import sys

TASKS = int(sys.argv[1])


def resident():
    """Bytes of this process in RAM."""
    with open("/proc/self/smaps_rollup") as file:
        for line in file:
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("no Rss")


async def nap():
    await asyncio.sleep(3600)


async def main():
    await asyncio.sleep(0)
    gc.collect()
    before = resident()
    tasks = [asyncio.create_task(nap()) for _ in range(TASKS)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    grown = resident() - before
    gc.collect()
    collected = resident() - before
    print(json.dumps({"resident": grown / TASKS, "collected": collected / TASKS}), flush=True)
    # Nobody needs to see them end.
    sys.stdout.close()
    import os

    os._exit(len(tasks) != TASKS)


if "uvloop" in sys.argv:
    import uvloop

    uvloop.install()
asyncio.run(main())
