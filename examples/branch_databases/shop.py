"""A shop that knows its users."""

import sqlalchemy as sa
from flask import Flask, request
from models import User
from settings import DATABASE_URL

app = Flask(__name__)
engine = sa.create_engine(DATABASE_URL)


@app.get("/users")
def users() -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(User.name).order_by(User.id)))


@app.post("/users")
def add_user() -> tuple[str, int]:
    with engine.begin() as connection:
        connection.execute(sa.insert(User).values(name=request.form["name"]))
    return "", 201
