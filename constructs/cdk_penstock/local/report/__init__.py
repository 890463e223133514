"""Report of a run for people: samples (:mod:`.series`), pictures (:mod:`.plots`), one page (:mod:`.page`)."""
