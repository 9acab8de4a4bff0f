"""The story that `lback demo` plays: what is told, and the models that its developers write."""

from __future__ import annotations

from lback.errors import LbackError

BEGIN = "Two developers change one schema at the same time."
FORKED = "Two heads, and Grace has not thought of it: the hook saw the fork and closed it."
PULLED = "Ada pulls, and both databases are at the same head."
SECOND_THOUGHTS = "One more table, and Grace thinks better of it."

ADD_USERS = "Add users"
ADD_ORDERS = "Add orders"
ADD_COUPONS = "Add coupons"
MERGE = "Merge migrations"

WRITES_USERS = "writes models.py with a table users"
WRITES_ORDERS = "adds a table orders"
WRITES_COUPONS = "adds a table coupons, and knows nothing of Ada's orders"
WRITES_REVIEWS = "adds a table reviews"

USERS = '''"""The shop's tables."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
'''

ORDERS = """

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", name="fk_orders_user"))
"""

COUPONS = """class Coupon(Base):
    __tablename__ = "coupons"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]


"""

REVIEWS = (
    ORDERS.replace("Order(", "Review(")
    .replace("orders", "reviews")
    .replace("fk_orders", "fk_reviews")
)


def with_coupons() -> str:
    """Return the models with a table coupons above the users."""
    return USERS.replace("class User(", COUPONS + "class User(")


def end(folder: object) -> str:
    """Say where the story was played."""
    return f"Everything is still there to look at: {folder}"


def stopped(command: str, status: int, folder: object) -> LbackError:
    """Say which command of the story failed."""
    return LbackError(
        f"The demo stopped: {command} ended with status {status}.", f"Look around in {folder}."
    )


def not_empty(folder: object) -> LbackError:
    """Say that the story needs a folder of its own."""
    return LbackError(f"{folder} is not empty.", "Name a new folder, or none.")
