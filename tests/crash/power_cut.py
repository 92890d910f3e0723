"""Takes from a data folder what a power cut would have taken, by the journal that lost_sync.so wrote (lost_sync_log.h).

A write, resize or name in a folder is safe once a sync of its file (or folder) began after it and ended. Of the rest, a disk may
have kept anything: by "all" everything is lost, by "some" each write is kept, lost or torn at a sector, and each folder
keeps the earlier part of its changes.
"""

import collections
import mmap
import os
import shutil
import struct

HEADER = struct.Struct("<IIQQQIIII")
MAGIC = 0x4C4F5353
WRITE, RESIZE, SYNC, CREATE, RENAME, REMOVE, SYNC_FOLDER, MAKE_FOLDER = range(1, 9)
SECTOR = 512

Record = collections.namedtuple("Record", "kind inode position old_size text old_at old_length new_at new_length")


class Journal:
    def __init__(self, path):
        self.records = []
        self.data = b""
        if os.path.exists(path) and os.path.getsize(path):
            with open(path, "rb") as file:
                self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._parse()

    def _parse(self):
        at = 0
        while at + HEADER.size <= len(self.data):
            magic, kind, inode, position, old_size, text, old, new, _ = HEADER.unpack_from(self.data, at)
            start = at + HEADER.size
            end = start + text + old + new
            if magic != MAGIC or end > len(self.data):
                break  # the record that the kill cut short; what it describes had not happened yet
            self.records.append(Record(kind, inode, position, old_size, self.data[start:start + text], start + text, old,
                                       start + text + old, new))
            at = end

    def unsafe(self):
        """Indexes of data changes by inode, and of name changes by folder, that no sync covers."""
        safe = {SYNC: collections.defaultdict(int), SYNC_FOLDER: collections.defaultdict(int)}
        for record in self.records:
            if record.kind in safe:
                known = safe[record.kind]
                known[record.inode] = max(known[record.inode], record.position)
        data, names = collections.defaultdict(list), collections.defaultdict(list)
        for index, record in enumerate(self.records):
            if record.kind in (WRITE, RESIZE) and index >= safe[SYNC][record.inode]:
                data[record.inode].append(index)
            elif record.kind in (CREATE, RENAME, REMOVE, MAKE_FOLDER) and index >= safe[SYNC_FOLDER][record.inode]:
                names[record.inode].append(index)
        return data, names

    def old(self, record):
        return self.data[record.old_at:record.old_at + record.old_length]

    def new(self, record):
        return self.data[record.new_at:record.new_at + record.new_length]


def files_by_inode(*folders):
    return {os.lstat(os.path.join(where, name)).st_ino: os.path.join(where, name)
            for folder in folders for where, _, names in os.walk(folder) for name in names}


def undo(file, journal, record):
    if record.kind == WRITE:
        os.pwrite(file, journal.old(record), record.position)
        if record.position + record.new_length > record.old_size:
            os.ftruncate(file, record.old_size)
    else:
        os.ftruncate(file, record.old_size)
        os.pwrite(file, journal.old(record), min(record.position, record.old_size))


def redo(file, journal, record, chance):
    """Some of the lost changes reached the disk all the same."""
    if chance.random() < 0.5:
        return
    if record.kind == RESIZE:
        os.ftruncate(file, record.position)
        return
    new = journal.new(record)
    if chance.random() < 0.3:
        first = SECTOR - record.position % SECTOR
        edges = [0, *range(first, len(new), SECTOR), len(new)]
        cut = chance.choice(edges)
        pieces = [(0, cut)] if chance.random() < 0.5 else [(cut, len(new))]
    else:
        pieces = [(0, len(new))]
    for begin, end in pieces:
        if end > begin:
            os.pwrite(file, new[begin:end], record.position + begin)


def undo_name(record):
    words = record.text.decode().split("\0")
    if record.kind == CREATE and os.path.lexists(words[0]):
        os.unlink(words[0])
    elif record.kind == MAKE_FOLDER:
        shutil.rmtree(words[0], ignore_errors=True)
    elif record.kind == REMOVE and words[1] and not os.path.lexists(words[0]):
        os.link(words[1], words[0])
    elif record.kind == RENAME and os.path.lexists(words[1]):
        os.rename(words[1], words[0])
        if words[2]:
            os.link(words[2], words[1])


def cut(root, journal_path, saved, chance, how="some"):
    """Applies the loss; returns how many changes of data and of names were lost."""
    journal = Journal(journal_path)
    data, names = journal.unsafe()
    paths = files_by_inode(root, saved)
    for inode, indexes in data.items():
        if inode not in paths:
            continue
        file = os.open(paths[inode], os.O_RDWR)
        for index in reversed(indexes):
            undo(file, journal, journal.records[index])
        if how == "some":
            for index in indexes:
                redo(file, journal, journal.records[index], chance)
        os.close(file)
    lost_names = []
    for indexes in names.values():
        keep = chance.randint(0, len(indexes)) if how == "some" else 0
        lost_names += indexes[keep:]
    for index in sorted(lost_names, reverse=True):
        undo_name(journal.records[index])
    return sum(len(indexes) for indexes in data.values()), len(lost_names)
