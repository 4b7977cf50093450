"""Where a database is, told by marks that no copy of it takes along."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import struct
import sys
from pathlib import Path

from sqlalchemy import Connection, text

#: A place is its marks by name; `written` is how a database remembers it.
Place = dict[str, str]

#: Marks that cannot be had everywhere: one that is missing on either side says nothing.
SOMETIMES = frozenset({"generation", "machine", "cluster"})

#: FS_IOC_GETVERSION of linux/fs.h, an `_IOR('v', 1, long)`.
_GET_GENERATION = 2 << 30 | struct.calcsize("l") << 16 | ord("v") << 8 | 1
#: Makes the machine's id another one for every program, as machine-id(5) asks.
_PURPOSE = b"concept digest: home of a database"


def written(place: Place) -> str:
    """The place as text, `file=12 generation=345`."""
    return " ".join(f"{name}={mark}" for name, mark in place.items())


def read(words: str) -> Place:
    """The place that `written` wrote."""
    return {name: mark for name, _, mark in (word.partition("=") for word in words.split())}


def difference(then: Place, now: Place) -> str:
    """The first mark by which two places differ; empty where they are the same."""
    for name in {**then, **now}:
        missing = name not in then or name not in now
        if not (missing and name in SOMETIMES) and then.get(name) != now.get(name):
            return name
    return ""


def of_file(descriptor: int, machine_id: Path = Path("/etc/machine-id")) -> Place:
    """Where an open file is: its inode's number and generation, and the machine.

    A copy has a number of its own. On another file system it could be the same one by chance; the generation, by which
    NFS servers know such files apart (ioctl_iflags(2), RFC 1813 section 2.3), is drawn anew there. A renamed file,
    or one in a renamed folder, keeps both.
    """
    found = {"file": str(os.fstat(descriptor).st_ino), "generation": _generation(descriptor)}
    # In a container, the id is that of the image or made up for the day: only systemd, where it runs, looks after it
    # (sd_booted(3)).
    if Path("/run/systemd/system").is_dir():
        found["machine"] = machine(machine_id)
    return {name: mark for name, mark in found.items() if mark}


def _generation(descriptor: int) -> str:
    if sys.platform != "linux":
        return ""
    try:
        answer = fcntl.ioctl(descriptor, _GET_GENERATION, bytes(struct.calcsize("l")))
    except OSError:  # not every file system has such numbers
        return ""
    return str(int.from_bytes(answer[:4], sys.byteorder))


def machine(file: Path) -> str:
    """A number for the machine whose id stands in `file`, which does not tell the id; empty where there is none."""
    try:
        found = re.fullmatch(rb"([0-9a-f]{32})\s*", file.read_bytes())
    except OSError:
        return ""
    return hmac.new(found[1], _PURPOSE, hashlib.sha256).hexdigest()[:16] if found else ""


def of_postgres(connection: Connection) -> Place:
    """Where a PostgreSQL database is: its number and its cluster's, and the number of the table that remembers it.

    `createdb --template` makes another database, a cluster that is set up anew another cluster; and what is restored
    from a dump, be it in place, has another table.
    """
    row = connection.execute(
        text(
            "select oid as database, cast(cast('instance' as regclass) as oid) as table, "
            "has_function_privilege('pg_control_system()', 'execute') as may_ask "
            "from pg_database where datname = current_database()"
        )
    ).one()
    place = {"database": str(row.database), "table": str(row.table)}
    if row.may_ask:
        place["cluster"] = str(connection.execute(text("select system_identifier from pg_control_system()")).scalar())
    return place
