"""The commands of a block of shell, each as its words."""

from __future__ import annotations

import re
import shlex

KEYWORDS = {"do", "done", "then", "fi", "in", "{", "}", "!"}
SEPARATORS = re.compile(r"[;&|()\n]+")
REDIRECTION = re.compile(r"[<>]+")


def commands_of(text: str) -> list[list[str]]:
    """Return the commands of a block, also those in pipes, loops and substitutions."""
    joined = re.sub(r"\\\n\s*", " ", text)
    # What a substitution within double quotes runs is a command as well.
    nested = [inner for quoted in re.findall(r'"([^"\n]*)"', joined) for inner in re.findall(r"\$\(([^()]*)\)", quoted)]
    found = [words for line in joined.splitlines() for words in _split(line)]
    return found + [words for inner in nested for words in _split(inner)]


def _split(line: str) -> list[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()<>")
    lexer.commenters = "#"
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    skip_target = False
    for word in lexer:
        if SEPARATORS.fullmatch(word):
            commands.append([])
        elif REDIRECTION.fullmatch(word):
            skip_target = True
        elif skip_target:
            skip_target = False
        else:
            commands[-1].append(word)
    return [words for words in map(_without_prefix, commands) if words]


def _without_prefix(words: list[str]) -> list[str]:
    """Drop keywords and assignments, and the head of a loop."""
    if words[:1] == ["for"]:
        return []
    while words and (words[0] in KEYWORDS or re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*=.*", words[0], re.DOTALL)):
        words = words[1:]
    return words if words != ["$"] else []
