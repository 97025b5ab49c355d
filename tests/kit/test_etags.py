"""Entity tags."""

import pytest
from fastapi import Request

from app.kit.etags import if_match, opaque_tag, require_match, version_tag, wants
from app.kit.problems import Problem


def asking(**headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "headers": pairs})


@pytest.mark.parametrize("given", ['"a"', 'W/"a"', '"b", "a"', '"b","a"', "*", ' "a" ', '"b,c" , W/"a"'])
def test_a_client_that_holds_the_tag_wants_no_body(given: str) -> None:
    assert wants(asking(if_none_match=given), '"a"')


@pytest.mark.parametrize("given", ['"b"', "a", '"a', "", '"b" "a"', ",,,", '"' * 5000])
def test_another_or_a_malformed_tag_gets_the_body(given: str) -> None:
    assert not wants(asking(if_none_match=given), '"a"')


def test_without_a_tag_there_is_a_body() -> None:
    assert not wants(asking(), '"a"')


def test_a_stale_version_gets_412_with_the_present_one() -> None:
    with pytest.raises(Problem) as refusal:
        require_match(if_match(asking(if_match='"3"')), version_tag(4))
    assert (refusal.value.status, refusal.value.headers["ETag"]) == (412, '"4"')


def test_a_weak_tag_never_matches_strongly() -> None:
    with pytest.raises(Problem):
        require_match(if_match(asking(if_match='W/"4"')), version_tag(4))


@pytest.mark.parametrize("given", ['"4"', '"3", "4"', "*"])
def test_the_present_version_matches(given: str) -> None:
    require_match(if_match(asking(if_match=given)), version_tag(4))


@pytest.mark.parametrize("given", ["4", '"4', "", "\xff"])
def test_a_malformed_if_match_is_refused_with_a_pointer(given: str) -> None:
    with pytest.raises(Problem) as refusal:
        if_match(asking(if_match=given))
    assert (refusal.value.status, refusal.value.errors[0].pointer) == (400, "/If-Match")


def test_parts_of_a_tag_do_not_run_into_each_other() -> None:
    assert opaque_tag(b"ab", b"c") != opaque_tag(b"a", b"bc")
