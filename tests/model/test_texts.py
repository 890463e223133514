from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.texts import decode_text

# No text file has null bytes or unpaired surrogates.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(texts)
def test_text_in_utf_8_is_read_with_and_without_the_mark_of_windows(text: str) -> None:
    text = text.removeprefix("\ufeff")
    assert decode_text(codecs.BOM_UTF8 + text.encode(), "a", PenstockError) == text
    if not text.startswith("\ufeff"):
        assert decode_text(text.encode(), "a", PenstockError) == text


@given(texts.filter(str.strip), st.sampled_from(["utf-16", "utf-32"]))
def test_text_in_another_encoding_is_refused_by_its_name(text: str, encoding: str) -> None:
    with pytest.raises(PenstockError, match=f"^a.toml is encoded in {encoding.upper()}, expected UTF-8: save it as"):
        decode_text(text.encode(encoding), "a.toml", PenstockError)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_an_encoding_without_a_mark_shows_by_its_null_bytes(encoding: str) -> None:
    with pytest.raises(PenstockError, match="a has a null byte in line 1, expected text in UTF-8"):
        decode_text("name = 1".encode(encoding), "a", PenstockError)


def test_a_byte_that_is_not_utf_8_is_named_with_its_line() -> None:
    with pytest.raises(PenstockError, match="a is not UTF-8, got byte 0xfc in line 2: save it as UTF-8"):
        decode_text(b"x\nM\xfcnchen", "a", PenstockError)
