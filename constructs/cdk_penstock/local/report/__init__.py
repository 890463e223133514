"""What a run leaves for people: samples (:mod:`.series`), pictures (:mod:`.plots`), one page (:mod:`.page`)."""
