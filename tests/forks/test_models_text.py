"""Model classes read as text."""

from __future__ import annotations

import pytest

from lback.core.models_text import Twice, changed_tables, read_models

DECLARATIVE = b"""
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(String(50), default="x")
    posts: Mapped[list["Post"]] = relationship(back_populates="user")
    count: ClassVar[int] = 3
"""
CLASSIC = b"""
class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(50))
    posts = db.relationship("Post")


class UserPost2Tag(db.Model):
    id = db.Column(db.Integer, primary_key=True)
"""
SQLMODEL = b"""
class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    age: Optional[int] = None
    team: Team = Relationship(back_populates="heroes")


class HeroRead(SQLModel):
    name: str
"""
TABLE = b"""
tags = Table(
    "tags",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(20)),
)
"""


@pytest.mark.parametrize(
    ("source", "tables"),
    [
        (DECLARATIVE, {"users": {"id", "name", "email"}}),
        (CLASSIC, {"user": {"id", "name"}, "user_post2_tag": {"id"}}),
        (SQLMODEL, {"hero": {"id", "name", "age"}}),
        (TABLE, {"tags": {"id", "name"}}),
        (b"class Base(DeclarativeBase):\n    pass\n", {}),
        (b"class T(Base):\n    __abstract__ = True\n    id = Column(Integer)\n", {}),
        (b"class (", {}),
        (b"Column \x00\xff", {}),
        (b"", {}),
    ],
)
def test_tables_and_columns(source: bytes, tables: dict[str, set[str]]) -> None:
    found = read_models(source)
    assert {name: set(columns) for name, columns in found.tables.items()} == tables
    assert found.twice == ()


def test_a_class_on_a_table_of_the_same_file_adds_to_it() -> None:
    source = DECLARATIVE + b"\n\nclass Admin(User):\n    rights: Mapped[int]\n"
    assert "rights" in read_models(source).tables["users"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (DECLARATIVE + b"    name: Mapped[str] = mapped_column()\n", Twice("User", "name", 5, 9)),
        (CLASSIC + b"    id = db.Column(db.BigInteger)\n", Twice("UserPost2Tag", "id", 9, 10)),
        (
            b"class H(SQLModel, table=True):\n    a: int\n    b: int\n    a: str\n",
            Twice("H", "a", 2, 4),
        ),
        (TABLE.replace(b"name", b"id"), Twice("Table tags", "id", 5, 6)),
        (
            b"class U(Base):\n    __tablename__ = 'u'\n    p = relationship('P')\n"
            b"    p = relationship('P')\n",
            Twice("U", "p", 3, 4),
        ),
    ],
)
def test_an_attribute_that_is_there_twice(source: bytes, expected: Twice) -> None:
    assert read_models(source).twice == (expected,)


def test_names_that_are_used_again_on_purpose_are_quiet() -> None:
    source = b"""
class User(Base):
    __tablename__ = "users"
    name = Column(String)
    name = validated(name)
    @property
    def x(self): ...
    @x.setter
    def x(self, value): ...


class Other(Base):
    __tablename__ = "others"
    name = Column(String)
"""
    assert read_models(source).twice == ()


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (b"String(50)", b"String(60)", True),
        (b'default="x"', b'default="y"', False),
        (b"name: Mapped[str]", b"name: Mapped[str | None]", True),
        (b"posts:", b"articles:", False),
        (b'__tablename__ = "users"', b'__tablename__ = "people"', True),
        (b"primary_key=True", b"primary_key = True", False),
    ],
)
def test_what_counts_as_a_change(old: bytes, new: bytes, changed: bool) -> None:
    before, after = read_models(DECLARATIVE), read_models(DECLARATIVE.replace(old, new))
    assert bool(changed_tables(before, after)) is changed
