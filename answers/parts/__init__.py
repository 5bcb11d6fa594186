"""The parts of an answer, one file each; a file that is put here is part of every answer."""
