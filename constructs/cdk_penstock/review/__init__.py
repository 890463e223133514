"""Review of synthesized templates: rules for applications on MSF, encryption, permissions, delivery, cost."""

from __future__ import annotations
