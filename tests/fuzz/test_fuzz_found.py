"""What fuzzing found, kept as it was found."""

import fuzz_targets as targets
import pytest
from fuzz_seeds import TRUST_LIST


@pytest.mark.parametrize("name", [b"iNo:", b":", b"a:b:c", "h\u00f4:".encode()])
def test_an_entry_of_a_trust_list_may_have_an_element_of_an_impossible_name(name: bytes) -> None:
    """libxml2 lets a colon at the end of a name pass; lxml's own QName does not."""
    targets.trust_list(TRUST_LIST.replace(b"<Nom>", b"<" + name + b">", 1).replace(b"</Nom>", b"</" + name + b">", 1))


@pytest.mark.parametrize(
    "stream", [b"RSET\nQUIT\r\n", b"x" * 3000 + b"\nNOOP\r\n", b"EHLO me\r\nMAIL FROM:<a@b>\nRSET\r\n"]
)
def test_what_follows_a_bare_line_feed_is_never_read(stream: bytes) -> None:
    """It was refused, and the rest of the line taken for a command of its own."""
    answers, events = targets.smtp_said([stream])
    assert answers.endswith(b"500 5.5.2 Command lines must end with CR LF; closing\r\n")
    assert len(events) <= 2
    targets.smtp(stream, list(range(len(stream))))
