#!/usr/bin/env python3
"""A sheet of 24 faces, evenly taken in order of name: degraded, restored, truth. Needs Pillow.

sheet.py FOLDER SHEET.jpg, where FOLDER has degraded/, restored/ and clean/.
"""
import pathlib
import sys

from PIL import Image

SIDE, COUNT, ACROSS, GAP = 192, 24, 3, 8


def main(folder, sheet):
    names = sorted(path.name for path in (folder / "restored").iterdir())
    names = [names[i * len(names) // COUNT] for i in range(COUNT)]
    width = 3 * SIDE + GAP
    picture = Image.new("RGB", (ACROSS * width - GAP, COUNT // ACROSS * SIDE), "white")
    for i, name in enumerate(names):
        for j, kind in enumerate(("degraded", "restored", "clean")):
            face = Image.open(folder / kind / name).convert("RGB").resize((SIDE, SIDE), Image.LANCZOS)
            picture.paste(face, (i % ACROSS * width + j * SIDE, i // ACROSS * SIDE))
    picture.save(sheet, quality=88)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
