"""The result: its verdict and exit code, the key sequence, the steps of the timeline, JSON and the page."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.switches import SWITCH_SOURCES, Switches
from cdk_penstock.rehearsal.acts.act import ActOutcome
from cdk_penstock.rehearsal.result.page import render_rehearsal
from cdk_penstock.rehearsal.result.play_steps import acts_of
from cdk_penstock.rehearsal.result.result_json import to_json
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.world import WorldOptions
from tests.rehearsal.hand_made_play import APPLICATION_ARN, DEPLOYED, HandMadePlay, key_template, stack_of

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult

HOSTILE = "</script><script>alert(1)</script>&\"'<img src=x onerror=alert(1)>"


def deployed() -> HandMadePlay:
    play = HandMadePlay(stack_of(key_template()))
    play.deploy()
    return play


def test_a_play_without_a_refused_call_passes() -> None:
    result = deployed().result()
    assert result.passed
    assert (result.exit_code(), result.exit_code(strict=True)) == (0, 3)


def test_strict_passes_if_everything_is_proven() -> None:
    assert deployed().result(in_name_only=()).exit_code(strict=True) == 0


@pytest.mark.parametrize("left_out", [{"not_run": ("framework.js is unknown",)}, {"unanswered": ("grafana",)}])
def test_strict_notices_functions_and_services_too(left_out: dict[str, Any]) -> None:
    assert deployed().result(in_name_only=(), **left_out).exit_code(strict=True) == 3


def test_a_refused_call_fails_the_result() -> None:
    play = deployed()
    play.call("Job", "s3:GetObject")
    result = play.result()
    assert [call.request.action for call in result.refused] == ["s3:GetObject"]
    assert (result.exit_code(), result.exit_code(strict=True)) == (1, 1)


def test_a_refused_attacker_does_not_fail_the_result_and_one_that_is_let_in_does() -> None:
    play = deployed()
    failed = dataclasses.replace(DEPLOYED, name="attack", outcome=ActOutcome.FAILED)
    with play.timeline.at(act="attack"):
        play.call("Job", "s3:GetObject", is_probe=True)
        assert play.result().exit_code() == 0
        play.call("Operator", "kinesisanalytics:StartApplication", APPLICATION_ARN, is_probe=True)
    result = play.result(failed)
    assert (result.exit_code(), len(result.let_in)) == (1, 1)


def test_a_function_may_do_without_a_call_that_is_refused() -> None:
    play = deployed()
    play.call("Job", "kms:GetKeyRotationStatus", made_by=MadeBy.FUNCTION)
    result = play.result()
    assert (result.exit_code(), len(result.refused), len(result.done_without)) == (0, 0, 1)


@pytest.mark.parametrize(("outcome", "code"), [(ActOutcome.FAILED, 1), (ActOutcome.NOT_PLAYED, 0)])
def test_only_an_act_that_failed_fails_the_result(outcome: ActOutcome, code: int) -> None:
    assert deployed().result(DEPLOYED, dataclasses.replace(DEPLOYED, outcome=outcome)).exit_code() == code


def test_the_seven_steps_of_the_key_sequence_are_shown_by_their_entries() -> None:
    (sequence,) = deployed().result().key_sequences
    assert sequence.application == "clicks"
    assert len(sequence.steps) == 7
    assert sequence.is_complete
    assert sequence.is_in_order
    shown = [type(step.shown_by).__name__ for step in sequence.steps]
    assert shown == [*["ResourceEvent"] * 4, *["DecidedCall"] * 3]


def test_a_read_before_the_update_does_not_show_that_the_key_was_read_back() -> None:
    play = HandMadePlay(stack_of(key_template()))
    msf = "kinesisanalytics"
    play.create(
        "Update", calls=[("Operator", f"{msf}:{each}Application", APPLICATION_ARN) for each in ("Describe", "Update")]
    )
    (sequence,) = play.result().key_sequences
    texts = [step.text for step in sequence.steps if step.shown_by]
    assert texts == ["UpdateApplication to the customer managed key, as the operator"]


def test_a_call_of_another_role_does_not_show_a_step() -> None:
    template = key_template()
    template["HandlerPolicy"]["Properties"]["PolicyDocument"]["Statement"][0].update(Action="*", Resource="*")
    play = HandMadePlay(stack_of(template))
    play.create("Start", calls=[("Handler", "kinesisanalytics:StartApplication", APPLICATION_ARN)])
    (sequence,) = play.result().key_sequences
    assert not any(step.shown_by for step in sequence.steps)


def test_steps_in_another_order_fail_the_result() -> None:
    play = HandMadePlay(stack_of(key_template()))
    for logical_id in ("Operator", "Base", "Key", "Application"):
        play.create(logical_id)
    (sequence,) = play.result().key_sequences
    assert not sequence.is_in_order
    assert play.result().exit_code() == 1


def test_a_sequence_that_was_not_played_is_not_complete_and_fails_nothing() -> None:
    result = HandMadePlay(stack_of(key_template())).result()
    assert not result.key_sequences[0].is_complete
    assert result.passed


def test_calls_belong_to_the_change_within_which_they_were_made() -> None:
    play = deployed()
    with play.timeline.at(act="attackers"):
        play.call("Job", "s3:GetObject", is_probe=True)
        play.timeline.note("the job was refused")
    first, second = acts_of(play.timeline.entries)
    update = next(step for step in first.steps if step.title == "Update")
    assert (update.status, round(update.seconds)) == ("CREATE_COMPLETE", 2)
    assert update.folded_calls() == "5 calls allowed"
    (probes,) = second.steps
    assert (probes.title, probes.folded_calls(), len(probes.notes)) == ("attackers", "1 attack refused", 1)


def test_every_entry_is_in_one_step() -> None:
    play = deployed()
    steps = [step for act in acts_of(play.timeline.entries) for step in act.steps]
    assert sum(len(step.calls) for step in steps) == len(play.timeline.calls)
    assert len([step for step in steps if step.finished]) == len(play.stacks[0].template.body["Resources"])


def test_every_switch_is_shown_with_its_answer() -> None:
    options = WorldOptions(msf=Switches(maximum_kpus=250), msf_needs_both_policies=False)
    switches = {each.name: each for each in deployed().result(options=options).not_proven.switches}
    assert switches.keys() == {*SWITCH_SOURCES, "msf_needs_both_policies"}
    assert (switches["maximum_kpus"].answer, switches["maximum_kpus"].default) == ("250", "64")
    assert (switches["msf_needs_both_policies"].answer, switches["msf_needs_both_policies"].default) == (
        "false",
        "true",
    )


def test_json_has_everything_and_can_be_read_again() -> None:
    play = deployed()
    play.timeline.note("done")
    document = to_json(play.result(), strict=True)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["exit_code"] == 3
    assert [each["number"] for each in document["timeline"]] == list(range(1, len(play.timeline.entries) + 1))
    assert {each["kind"] for each in document["timeline"]} == {"call", "event", "note"}
    assert sum(document["coverage"]["verdicts"].values()) == len(document["coverage"]["statements"])
    steps = document["key_sequences"][0]["steps"]
    assert [document["timeline"][each["shown_by"] - 1]["at"] for each in steps] == [each["at"] for each in steps]
    assert document["not_proven"]["in_name_only"][0]["name"] == "Nightly"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags_of(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(page)
    return parser.tags


def hostile_result() -> RehearsalResult:
    template = key_template()
    template["Key"]["Metadata"] = {"aws:cdk:path": HOSTILE}
    statements = template["Base"]["Properties"]["PolicyDocument"]["Statement"]
    statements[0]["Sid"] = HOSTILE
    play = HandMadePlay(stack_of(template, name=HOSTILE, stage=HOSTILE))
    with play.timeline.at(act=HOSTILE):
        play.create("Key", reason=HOSTILE)
        play.create("Update", failed=True, reason=HOSTILE)
        play.call("Job", HOSTILE, HOSTILE)
        play.timeline.note(HOSTILE)
    hostile = dataclasses.replace(DEPLOYED, name=HOSTILE, title=HOSTILE, text=HOSTILE)
    return play.result(
        hostile, not_run=(HOSTILE,), unanswered=(HOSTILE,), versions={HOSTILE: HOSTILE}, assembly_hash=HOSTILE
    )


def test_the_page_escapes_every_text() -> None:
    page = render_rehearsal(hostile_result())
    assert page.count("<script") == 1
    assert "<img" not in page
    assert not any(name.startswith("on") for _, attributes in tags_of(page) for name in attributes)


def test_the_page_loads_nothing() -> None:
    page = render_rehearsal(deployed().result())
    loading = [(tag, each) for tag, each in tags_of(page) if {"src", "href", "action", "srcset"} & each.keys()]
    assert loading == []
    assert not re.search(r"https?://|url\(|@import", page)
    assert "default-src 'none'" in page


def test_the_page_shows_everything() -> None:
    play = deployed()
    play.call("Job", "s3:GetObject")
    page = render_rehearsal(play.result())
    for text in ("Rehearsal of Prod", "Not proven", "schedules are not modelled", "Customer managed key of clicks"):
        assert text in page
    assert page.index("Not proven") < page.index("Acts") < page.index("Timeline") < page.index("Statements of the")
    assert page.count("#") >= len(play.timeline.calls)
