"""Models that several providers sell are told apart by name."""

from ui.figures.sellers import by_name, first_of, sellers_words

SOLD = [("azure", "gpt-4.1"), ("azure", "gpt-5"), ("other", "gpt-4.1"), ("azure", "gpt-5")]


def test_a_name_says_who_sells_a_model_only_where_several_do() -> None:
    assert by_name(SOLD) == {
        "gpt-4.1 (azure)": ("azure", "gpt-4.1"),
        "gpt-5": ("azure", "gpt-5"),
        "gpt-4.1 (other)": ("other", "gpt-4.1"),
    }


def test_the_bare_name_of_such_a_model_is_said_to_be_of_several() -> None:
    names = by_name(SOLD)
    assert first_of("gpt-4.1", names) == "gpt-4.1 (azure)"
    assert sellers_words("gpt-4.1", names) == "gpt-4.1 is sold by azure and by other"
    for model in ("gpt-5", "zzz"):
        assert first_of(model, names) is None
        assert sellers_words(model, names) is None
    assert first_of(None, names) is None
