"""XML of answers, as text."""

from __future__ import annotations

import html
import re
from typing import Final

_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, *children: str, namespace: str = "") -> str:
    """Return an element with these elements in it."""
    attribute = f' xmlns="{namespace}"' if namespace else ""
    return f"<{name}{attribute}>{''.join(children)}</{name}>"


def text_element(name: str, value: object) -> str:
    """Return an element with text; a character that XML does not have becomes a question mark."""
    return f"<{name}>{html.escape(_NOT_IN_XML.sub('?', str(value)), quote=False)}</{name}>"


def document(root: str) -> bytes:
    """Return a document with this root element."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'.encode()
