"""A ring of scenes on disk. Renderers overwrite it continuously while the trainer reads from it."""

from pathlib import Path

import numpy as np

from scenes import MAX_PLATES

# Box count of a slot that is empty or being written.
BUSY = -1


class Ring:
    """A fixed number of scene slots in memory-mapped files, shared by processes."""

    def __init__(self, folder, slots, size):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.slots = slots
        self.images = self._map(folder / "images.npy", (slots, size, size, 3), np.uint8)
        self.boxes = self._map(folder / "boxes.npy", (slots, MAX_PLATES, 4), np.float32)
        fresh = not (folder / "counts.npy").exists()
        self.counts = self._map(folder / "counts.npy", (slots,), np.int32)
        if fresh:
            self.counts[:] = BUSY

    @staticmethod
    def _map(path, shape, dtype):
        mode = "r+" if path.exists() else "w+"
        return np.lib.format.open_memmap(path, mode, dtype=dtype, shape=None if mode == "r+" else shape)

    def write(self, slot, image, boxes):
        """Overwrite one slot."""
        self.counts[slot] = BUSY
        self.images[slot] = image
        self.boxes[slot, : len(boxes)] = boxes
        self.counts[slot] = len(boxes)

    def read(self, rng):
        """Return a copy of a random filled slot. Retry if the slot is overwritten meanwhile."""
        while True:
            slot = rng.integers(self.slots)
            count = int(self.counts[slot])
            if count == BUSY:
                continue
            image, boxes = self.images[slot].copy(), self.boxes[slot, :count].copy()
            if self.counts[slot] == count:
                return image, boxes

    def filled(self):
        """Return the number of filled slots."""
        return int((self.counts != BUSY).sum())
