"""Many names in a few words."""

from __future__ import annotations

from regtrack.listing import counted, few_names, first_names, names_and_rest, numbers_text


def test_messages_list_the_first_names_only() -> None:
    assert first_names(["a", "b", "c", "d"]) == "a, b, c ..."
    assert first_names(["a", "b", "c"]) == "a, b, c"


def test_people_are_told_how_many_names_are_left_out() -> None:
    assert names_and_rest(["a", "b", "c", "d"], most=2) == "a, b and 2 more"
    assert names_and_rest(["a", "b"], most=2) == "a, b"
    # "and 1 more" would be no shorter.
    assert names_and_rest(["a", "b", "c"], most=2) == "a, b, c"
    assert names_and_rest([str(number) for number in range(1_005)]).endswith("4 and 1,000 more")
    assert names_and_rest([]) == ""


def test_one_is_no_several() -> None:
    assert [counted(number, "stretch", "stretches") for number in (1, 2, 1_000)] == [
        "1 stretch",
        "2 stretches",
        "1,000 stretches",
    ]
    assert [counted(number, "marker") for number in (0, 1, 2, 1_200)] == [
        "0 markers",
        "1 marker",
        "2 markers",
        "1,200 markers",
    ]


def test_all_of_few_names_are_listed_and_three_of_many() -> None:
    assert few_names(["a", "b", "c", "d"]) == "a, b, c, d"
    assert few_names([str(number) for number in range(26)]) == "0, 1, 2 ..."


def test_numbers_that_follow_each_other_are_named_by_their_ends() -> None:
    assert numbers_text([1, 2, 3, 7]) == "1 to 3, 7"
    assert numbers_text([2]) == "2"
    assert numbers_text([]) == ""
