from app.items.difference import Difference, differences


def test_equal_documents_do_not_differ() -> None:
    assert list(differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]})) == []


def test_a_difference_names_its_place_and_both_values() -> None:
    before = {"clocks": [{"kind": "promise", "limit": {"amount": 4}}]}
    after = {"clocks": [{"kind": "promise", "limit": {"amount": 3}}]}
    assert list(differences(before, after)) == [Difference("/clocks/0/limit/amount", 4, 3)]


def test_a_clock_that_only_moved_does_not_differ() -> None:
    one, two = {"kind": "a"}, {"kind": "b"}
    assert list(differences([one, two], [two, one])) == []


def test_what_is_new_and_what_is_gone_are_told() -> None:
    assert list(differences([{"code": "a"}], [{"code": "b"}])) == [
        Difference("/0", None, {"code": "b"}),
        Difference("/0", {"code": "a"}, None),
    ]


def test_a_field_that_was_not_there_was_nothing() -> None:
    assert list(differences({}, {"a": 1})) == [Difference("/a", None, 1)]


def test_plain_lists_go_by_place() -> None:
    assert list(differences(["x", "y"], ["x"])) == [Difference("/1", "y", None)]
