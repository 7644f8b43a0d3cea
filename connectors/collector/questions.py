"""What a pull of collected records asks staging."""

from __future__ import annotations

from connectors.sync.reader import Question

FILES_READ = Question("select file, bytes, lines from collected_files", ("collected_files",))
