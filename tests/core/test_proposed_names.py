"""What a migration is called that nobody has named."""

from __future__ import annotations

import pytest

from lback.core.drafting.naming import NamedChange, propose_name


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ([NamedChange("add", "users")], "add_users_table"),
        (
            [NamedChange("add", "users"), NamedChange("add", "orders")],
            "add_users_and_orders_tables",
        ),
        ([NamedChange("drop", "users")], "drop_users_table"),
        ([NamedChange("rename", "users", new="people")], "rename_users_to_people"),
        ([NamedChange("add", "users", "email")], "add_email_to_users"),
        (
            [NamedChange("add", "users", "email"), NamedChange("change", "users", "email")],
            "add_email_to_users",
        ),
        (
            [NamedChange("add", "users", "a"), NamedChange("add", "users", "b")],
            "add_a_and_b_to_users",
        ),
        ([NamedChange("drop", "users", "email")], "drop_email_from_users"),
        ([NamedChange("change", "users", "age")], "change_age_of_users"),
        ([NamedChange("rename", "users", "a", "b")], "rename_users_a_to_b"),
        ([NamedChange("change", "users")], "change_users"),
        ([NamedChange("add", "u", "a"), NamedChange("drop", "v")], "add_a_to_u_and_drop_v_table"),
        ([NamedChange("add", "odd name", "x'y")], "add_x_y_to_odd_name"),
        ([NamedChange("add", "users", f"a_long_name_{n}") for n in range(3)], "change_users"),
        ([NamedChange("add", f"table_{n}", "a") for n in range(7)], "change_7_tables"),
        ([], "change_schema"),
    ],
)
def test_a_name_says_what_is_done(changes: list[NamedChange], name: str) -> None:
    assert propose_name(changes, first=False) == name


def test_the_first_one_is_the_initial_one() -> None:
    changes = [
        NamedChange("add", "users"),
        NamedChange("add", "orders"),
        NamedChange("add", "orders", "a"),
    ]
    assert propose_name(changes, first=True) == "initial"
    assert propose_name(changes[:1], first=True) == "add_users_table"
