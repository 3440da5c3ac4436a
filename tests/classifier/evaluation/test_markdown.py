from classifier.evaluation.markdown import number, share, span, table


def test_a_table_has_a_rule_and_its_rows():
    """The header, a rule as wide as it, then the rows."""
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_numbers_are_written_alike():
    """Three decimals, percent with one, signs on differences, a dash for what was not measured."""
    assert (number(0.5), number(None)) == ("0.500", "-")
    assert (share(0.1234), share(None)) == ("12.3%", "-")
    assert (span((0.1, 0.25)), span((-0.1, 0.25), signed=True), span(None)) == (
        "0.100 to 0.250",
        "-0.100 to +0.250",
        "-",
    )
