"""The projects: how each framework's own documentation begins one, and two states of its models."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url

Run = Callable[..., None]
"""Runs a command of the project's virtual environment, in its folder."""


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework's project; `table` is what the second state of the models changed last."""

    name: str
    packages: tuple[str, ...]
    begin: Callable[[Path, str, Run], None]
    """Writes the project, all but its models."""
    models: tuple[str, str]
    answers: tuple[str, ...]
    table: str
    kinds: tuple[str, ...] = ("sqlite", "postgresql", "mariadb")
    rows: tuple[str, ...] = ()
    """Statements that put rows between the two states."""
    place: str = "models.py"
    wants: tuple[str, ...] = ()
    """PostgreSQL's extensions without which the project cannot run."""
    databases: int = 1
    within: str = ""
    """The folder of the repository in which all of it lies."""
    library: str = ""
    """What SQLite has to load."""
    drivers: Mapping[str, str] = field(default_factory=dict)


def database_url(url: str, drivers: Mapping[str, str]) -> str:
    """Return the URL with the driver of the framework."""
    parsed = make_url(url)
    driver = drivers.get(parsed.get_backend_name(), parsed.drivername)
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def _with_url(text: str, url: str) -> str:
    """Return a configuration with the URL of the database."""
    line = "sqlalchemy.url = " + url.replace("%", "%%")
    return re.sub(r"(?m)^sqlalchemy.url = .*$", lambda _: line, text)


def _plain(
    imports: str = "from models import Base",
    metadata: str = "Base.metadata",
    *,
    template: str = "generic",
    configure: str = "",
    more: str = "",
) -> Callable[[Path, str, Run], None]:
    """Return what begins a project as `alembic init` does, and names the models in env.py."""

    def begin(folder: Path, url: str, run: Run) -> None:
        run("alembic", "init", "-t", template, "migrations")
        ini = folder / "alembic.ini"
        ini.write_text(_with_url(ini.read_text(), url))
        env = folder / "migrations/env.py"
        text = env.read_text().replace(
            "target_metadata = None", f"{imports}\ntarget_metadata = {metadata}\n{more}"
        )
        if configure:
            text = text.replace(
                "target_metadata=target_metadata", f"target_metadata=target_metadata, {configure}"
            )
        env.write_text(text)

    return begin


def _flask(*options: str, binds: bool = False) -> Callable[[Path, str, Run], None]:
    def begin(folder: Path, url: str, run: Run) -> None:
        config = f"app.config['SQLALCHEMY_DATABASE_URI'] = {url!r}\n"
        if binds:
            other = f"sqlite:///{folder}/audit.db"
            config += f"app.config['SQLALCHEMY_BINDS'] = {{'audit': {other!r}}}\n"
        (folder / "app.py").write_text(_FLASK_APP.format(config=config))
        (folder / "database.py").write_text(
            "from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n"
        )
        (folder / "models.py").write_text("")
        run("flask", "db", "init", *options)

    return begin


_FLASK_APP = """
from flask import Flask
from flask_migrate import Migrate
from database import db

app = Flask(__name__)
{config}
db.init_app(app)
Migrate(app, db)
import models
"""

_HEAD = """
import enum
from datetime import datetime, timezone
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
"""
_BASE = "class Base(DeclarativeBase):\n    pass\n"


def _two(text: str) -> tuple[str, str]:
    """Return both states of models: lines that end with `# 1` or `# 2` are of one alone."""
    lines = text.splitlines(keepends=True)
    first = "".join(line for line in lines if not line.rstrip().endswith("# 2"))
    second = "".join(line for line in lines if not line.rstrip().endswith("# 1"))
    return first, second


_PLAIN = """
class State(enum.Enum):
    new = 1
    done = 2
    late = 3  # 2

class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40), unique=True)  # 1
    title: Mapped[str] = mapped_column(sa.String(80), unique=True)  # 2
    motto: Mapped[str | None] = mapped_column(sa.String(20), server_default="50% off")  # 1

class Member(Base):
    __tablename__ = "member"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("team.id"), index=True)
    state: Mapped[State] = mapped_column(server_default="new")
    score: Mapped[int | None]  # 1
    score: Mapped[int] = mapped_column(sa.BigInteger)  # 2
    born: Mapped[int]  # 2

class Gone(Base):  # 1
    __tablename__ = "gone"  # 1
    id: Mapped[int] = mapped_column(primary_key=True)  # 1
"""
_ANSWERS = (
    "--rename", "team.name:title", "--drop", "team.motto", "--drop", "gone",
    "--default", "member.score=0", "--default", "member.born=1990",
)  # fmt: skip
_ROWS = (
    "INSERT INTO team (id, name) VALUES (1, 'a'), (2, 'b')",
    "INSERT INTO member (id, team_id, score) VALUES (1, 1, 5), (2, 2, NULL)",
    "INSERT INTO gone (id) VALUES (1)",
)
_FLASK = _two("""
import enum
import sqlalchemy as sa
from database import db

class State(enum.Enum):
    new = 1
    done = 2
    late = 3  # 2

class Team(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40), unique=True, nullable=False)  # 1
    title = db.Column(db.String(80), unique=True, nullable=False)  # 2
    motto = db.Column(db.String(20), server_default="50% off")  # 1

class Member(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    team_id = db.Column(db.Integer, db.ForeignKey("team.id"), nullable=False, index=True)
    state = db.Column(db.Enum(State), server_default="new", nullable=False)
    score = db.Column(db.Integer)  # 1
    score = db.Column(db.BigInteger, nullable=False)  # 2
    born = db.Column(db.Integer, nullable=False)  # 2

class Gone(db.Model):  # 1
    id = db.Column(db.Integer, primary_key=True)  # 1
""")
_BINDS = tuple(
    text + more
    for text, more in zip(
        _FLASK,
        _two("""
class Event(db.Model):
    __bind_key__ = "audit"
    id = db.Column(db.Integer, primary_key=True)
    what = db.Column(db.String(40), nullable=False)  # 1
    message = db.Column(db.String(90), nullable=False)  # 2
    level = db.Column(db.Integer, nullable=False)  # 2
"""),
        strict=True,
    )
)
_SQLMODEL = _two("""
import enum
import uuid
from datetime import datetime
from decimal import Decimal
from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, Relationship, SQLModel

class State(str, enum.Enum):
    new = "new"
    done = "done"
    late = "late"  # 2

class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=40, unique=True)  # 1
    title: str = Field(max_length=80, unique=True)  # 2
    motto: str | None = Field(default=None, max_length=20)  # 1
    members: list["Member"] = Relationship(back_populates="team")

class Member(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    team_id: int = Field(foreign_key="team.id", index=True, ondelete="CASCADE")
    team: Team = Relationship(back_populates="members")
    state: State = Field(default=State.new, sa_column_kwargs={"server_default": "new"})
    score: int | None = None  # 1
    score: int = Field(sa_type=BigInteger)  # 2
    key: uuid.UUID | None = None
    price: Decimal | None = Field(default=None, max_digits=8, decimal_places=2)
    seen: datetime | None = None
    data: dict | None = Field(default=None, sa_column=Column(JSON))
    born: int  # 2
    note: str = Field(max_length=255)  # 2

class Gone(SQLModel, table=True):  # 1
    id: int | None = Field(default=None, primary_key=True)  # 1
""")
_FASTAPI_FILES = {
    "app/__init__.py": "",
    "app/core/__init__.py": "",
    "app/core/config.py": """
from pydantic import PostgresDsn
from pydantic_settings import BaseSettings, SettingsConfigDict

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file="../.env", extra="ignore")
    PROJECT_NAME: str
    DATABASE_URL: PostgresDsn

settings = Settings()
""",
    "app/main.py": """
from fastapi import FastAPI
from app.core.config import settings

app = FastAPI(title=settings.PROJECT_NAME)
""",
    "pyproject.toml": '[project]\nname = "app"\nversion = "0.1.0"\n',
}
_FASTAPI_MODELS = _two("""
import uuid
from datetime import UTC, datetime
from pydantic import EmailStr
from sqlalchemy import DateTime, Text  # 2
from sqlalchemy import DateTime  # 1
from sqlmodel import Field, Relationship, SQLModel

def now() -> datetime:
    return datetime.now(UTC)

class UserBase(SQLModel):
    email: EmailStr = Field(unique=True, index=True, max_length=255)
    is_active: bool = True
    full_name: str | None = Field(default=None, max_length=255)  # 1
    full_name: str = Field(max_length=200)  # 2

class User(UserBase, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    hashed_password: str
    created_at: datetime | None = Field(default_factory=now, sa_type=DateTime(timezone=True))
    items: list["Item"] = Relationship(back_populates="owner", cascade_delete=True)

class ItemBase(SQLModel):
    title: str = Field(min_length=1, max_length=255)  # 1
    name: str = Field(min_length=1, max_length=255, index=True)  # 2
    description: str | None = Field(default=None, max_length=255)  # 1

class ItemCreate(ItemBase):
    pass

class Item(ItemBase, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    created_at: datetime | None = Field(default_factory=now, sa_type=DateTime(timezone=True))
    owner_id: uuid.UUID = Field(foreign_key="user.id", nullable=False, ondelete="CASCADE")
    owner: User | None = Relationship(back_populates="items")
    price: int  # 2
    words: str | None = Field(default=None, sa_type=Text)  # 2

class Token(SQLModel, table=True):  # 1
    id: int | None = Field(default=None, primary_key=True)  # 1
""")
_FASTAPI_ROWS = (
    'INSERT INTO "user" (id, email, is_active, hashed_password) VALUES '
    "('00000000-0000-0000-0000-000000000001', 'a@example.org', true, 'x')",
    "INSERT INTO item (id, title, owner_id) VALUES ('00000000-0000-0000-0000-000000000002', 'a', "
    "'00000000-0000-0000-0000-000000000001')",
    "INSERT INTO token (id) VALUES (1)",
)


def _fastapi(folder: Path, url: str, run: Run) -> None:
    """Begin a backend as FastAPI's full-stack template has it: its URL is in `.env`, above it."""
    for name, text in _FASTAPI_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder.parent / ".env").write_text(f"PROJECT_NAME=Shop\nDATABASE_URL={url}\n")
    run("alembic", "init", "app/alembic")
    ini, env = folder / "alembic.ini", folder / "app/alembic/env.py"
    ini.write_text(re.sub(r"(?m)^sqlalchemy.url = .*$", "", ini.read_text()))
    text = env.read_text().replace(
        "target_metadata = None",
        "from app.core.config import settings\nfrom app.models import SQLModel\n"
        "target_metadata = SQLModel.metadata\n"
        "config.set_main_option('sqlalchemy.url', str(settings.DATABASE_URL))",
    )
    configure = "target_metadata=target_metadata, compare_type=True"
    env.write_text(text.replace("target_metadata=target_metadata", configure))
    mako = folder / "app/alembic/script.py.mako"
    imports = "import sqlalchemy as sa\nimport sqlmodel.sql.sqltypes\n"
    mako.write_text(mako.read_text().replace("import sqlalchemy as sa\n", imports))


_METADATA = _two(
    _HEAD
    + _BASE
    + _PLAIN
    + """
class Other(DeclarativeBase):
    pass

class Invoice(Other):
    __tablename__ = "invoice"
    id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[int]
    paid: Mapped[bool] = mapped_column(server_default=sa.false())  # 2

log = sa.Table("log", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
"""
)
_DECORATED = _two("""
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from shop.db.types import Cents, Choice, Email, Level, Stamp, Tags

class Base(DeclarativeBase):
    type_annotation_map = {Level: Choice(Level)}

class Order(Base):
    __tablename__ = "order"
    id: Mapped[int] = mapped_column(primary_key=True)
    mail: Mapped[str] = mapped_column(Email(60))  # 1
    email: Mapped[str] = mapped_column(Email(60))  # 2
    price: Mapped[int | None] = mapped_column(Cents)  # 1
    price: Mapped[int] = mapped_column(Cents)  # 2
    level: Mapped[Level]
    second: Mapped[Level | None]  # 2
    tags: Mapped[str | None] = mapped_column(Tags(",", limit=50))  # 1
    tags: Mapped[str | None] = mapped_column(Tags(";", limit=90))  # 2
    made: Mapped[object] = mapped_column(Stamp, server_default=sa.func.now())
    paid: Mapped[object | None] = mapped_column(Stamp)  # 2
""")
_TYPES = """
import enum
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, UserDefinedType

class Level(enum.Enum):
    low = "low"
    high = "high"

class Email(TypeDecorator):
    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value and value.lower()

class Cents(TypeDecorator):
    impl = sa.BigInteger
    cache_ok = True

class Choice(TypeDecorator):
    impl = sa.String(30)
    cache_ok = True

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

class Tags(TypeDecorator):
    impl = sa.String
    cache_ok = True

    def __init__(self, sign, *, limit):
        super().__init__(limit)
        self.sign = sign

class Stamp(TypeDecorator):
    impl = sa.DateTime
    cache_ok = True

    def __init__(self, timezone=True):
        super().__init__(timezone=timezone)
"""


def _shop(folder: Path, url: str, run: Run) -> None:
    _plain("from shop.db.models import Base")(folder, url, run)
    (folder / "shop/db").mkdir(parents=True)
    (folder / "shop/__init__.py").write_text("")
    (folder / "shop/db/__init__.py").write_text("")
    (folder / "shop/db/types.py").write_text(_TYPES)


_UTILS = _two(
    _HEAD
    + """
from sqlalchemy_utils import (
    ArrowType, ChoiceType, ColorType, CountryType, EmailType, IPAddressType, JSONType, LocaleType,
    PasswordType, PhoneNumberType, ScalarListType, TimezoneType, URLType, UUIDType,
)
"""
    + _BASE
    + """
class Account(Base):
    __tablename__ = "account"
    KINDS = [("a", "Admin"), ("u", "User")]
    id = sa.Column(UUIDType(binary=False), primary_key=True)
    mail = sa.Column(EmailType, unique=True)  # 1
    email = sa.Column(EmailType(length=100), unique=True, nullable=False)  # 2
    kind = sa.Column(ChoiceType(KINDS))
    rank = sa.Column(ChoiceType([(1, "one"), (2, "two")], impl=sa.Integer()))
    site = sa.Column(URLType)
    address = sa.Column(IPAddressType)
    data = sa.Column(JSONType)
    zone = sa.Column(TimezoneType(backend="zoneinfo"))
    words = sa.Column(ScalarListType())
    raw = sa.Column(UUIDType)
    other = sa.Column(UUIDType(binary=True))  # 2
    level = sa.Column(ChoiceType([("x", "X")], impl=sa.String(3)), nullable=False)  # 2
    gone = sa.Column(IPAddressType)  # 1
"""
)
_VECTOR = _two(
    _HEAD
    + "from pgvector.sqlalchemy import HALFVEC, SPARSEVEC, VECTOR, Vector\n"
    + _BASE
    + """
class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    embedding = mapped_column(Vector(3))
    half = mapped_column(HALFVEC(4))
    sparse = mapped_column(SPARSEVEC(5))
    more = mapped_column(VECTOR(6))  # 2
    __table_args__ = (
        sa.Index(
            "ix_item_embedding", "embedding", postgresql_using="hnsw",
            postgresql_with={"m": 16, "ef_construction": 64},
            postgresql_ops={"embedding": "vector_l2_ops"},
        ),
    )
"""
)
_GEO = _two(
    _HEAD
    + "from geoalchemy2 import Geography, Geometry, Raster, WKBElement\n"
    + _BASE
    + """
class Lake(Base):
    __tablename__ = "lake"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(30))  # 1
    title: Mapped[str] = mapped_column(sa.String(60))  # 2
    shape: Mapped[WKBElement] = mapped_column(Geometry("POLYGON", srid=4326), nullable=True)
    middle: Mapped[WKBElement] = mapped_column(Geometry("POINT"), nullable=True)  # 2
"""
)
_LAKES = (
    "INSERT INTO lake (id, name, shape) VALUES (1, 'a', "
    "ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))', 4326)), (2, 'b', NULL)",
)
SPATIALITE = """
import os
import sqlalchemy
from geoalchemy2 import load_spatialite
os.environ.setdefault("SPATIALITE_LIBRARY_PATH", "mod_spatialite")

@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def load(connection, record):
    if "sqlite" in type(connection).__module__:
        load_spatialite(connection, record)
"""
# SpatiaLite's own tables, of which GeoAlchemy2's include_object leaves some in.
_INCLUDE = """
OWN = {"ElementaryGeometries", "KNN", "KNN2", "SpatialIndex", "data_licenses", "sql_statements_log"}

def include(item, name, kind, *more):
    own = kind == "table" and name in OWN
    return not own and alembic_helpers.include_object(item, name, kind, *more)
"""
_ENTITIES = _two(
    _HEAD
    + """
from alembic_utils.pg_function import PGFunction
from alembic_utils.pg_trigger import PGTrigger
from alembic_utils.pg_view import PGView
"""
    + _BASE
    + _PLAIN
    + """
entities = []  # 1
teams = PGView("public", "teams", "SELECT id, state FROM member")  # 2
body = "RETURNS trigger AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql"
stamp = PGFunction("public", "stamp()", body)
event = "BEFORE INSERT ON member FOR EACH ROW EXECUTE FUNCTION stamp()"
before = PGTrigger("public", "before_member", event, on_entity="member")
entities = [teams, stamp, before]  # 2
"""
)
_CORE = _two(_HEAD + _BASE + _PLAIN)
_ASYNC = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
}


FRAMEWORKS = (
    Framework(
        "Flask-Migrate",
        ("flask-migrate", "flask-sqlalchemy"),
        _flask(),
        _FLASK,
        _ANSWERS,
        "member",
        rows=_ROWS,
    ),
    Framework(
        "Flask-SQLAlchemy with binds",
        ("flask-migrate", "flask-sqlalchemy"),
        _flask("--multidb", binds=True),
        (_BINDS[0], _BINDS[1]),
        (*_ANSWERS, "--rename", "event.what:message", "--default", "event.level=0"),
        "member",
        rows=_ROWS,
        databases=2,
    ),
    Framework(
        "a FastAPI template",
        ("sqlmodel", "fastapi", "pydantic-settings", "email-validator"),
        _fastapi,
        _FASTAPI_MODELS,
        (
            *("--rename", "item.title:name", "--drop", "item.description", "--drop", "token"),
            *("--default", "user.full_name=Nobody", "--default", "item.price=0"),
        ),
        "item",
        kinds=("postgresql",),
        rows=_FASTAPI_ROWS,
        place="app/models.py",
        within="backend",
    ),
    Framework(
        "SQLModel",
        ("sqlmodel",),
        _plain("import models\nfrom sqlmodel import SQLModel", "SQLModel.metadata"),
        _SQLMODEL,
        (*_ANSWERS, "--default", "member.note="),
        "member",
        rows=_ROWS,
    ),
    *(
        Framework(
            name,
            ("aiosqlite", "asyncpg", "asyncmy", "greenlet"),
            _plain(template=template),
            _CORE,
            _ANSWERS,
            "member",
            rows=_ROWS,
            drivers=_ASYNC,
        )
        for name, template in (
            ("async env.py", "async"),
            ("async env.py, pyproject.toml", "pyproject_async"),
        )
    ),
    Framework(
        "several metadata",
        (),
        _plain(
            "from models import Base, Other, log",
            "[Base.metadata, Other.metadata, log.metadata]",
            configure="compare_server_default=True",
        ),
        _METADATA,
        _ANSWERS,
        "member",
        rows=_ROWS,
    ),
    Framework(
        "a TypeDecorator of the project",
        (),
        _shop,
        _DECORATED,
        ("--rename", "order.mail:email", "--default", "order.price=0"),
        "order",
        place="shop/db/models.py",
    ),
    Framework(
        "SQLAlchemy-Utils",
        ("sqlalchemy-utils",),
        _plain(),
        _UTILS,
        (
            "--rename",
            "account.mail:email",
            "--drop",
            "account.gone",
            "--default",
            "account.email=a@b",
            "--default",
            "account.level=x",
        ),
        "account",
    ),
    Framework(
        "GeoAlchemy2",
        ("geoalchemy2",),
        _plain(
            "from geoalchemy2 import alembic_helpers\nfrom models import Base",
            more=SPATIALITE + _INCLUDE,
            configure="include_object=include, "
            "process_revision_directives=alembic_helpers.writer, "
            "render_item=alembic_helpers.render_item",
        ),
        _GEO,
        ("--rename", "lake.name:title"),
        "lake",
        rows=_LAKES,
        wants=("postgis",),
        library="mod_spatialite",
        drivers={"mysql": "mariadb+pymysql"},  # of which it knows that there is no SRID
    ),
    Framework(
        "pgvector",
        ("pgvector",),
        _plain(),
        _VECTOR,
        (),
        "item",
        kinds=("postgresql",),
        wants=("vector",),
    ),
    Framework(
        "alembic-utils",
        ("alembic-utils",),
        _plain(
            "from models import Base, entities\nfrom alembic_utils.replaceable_entity import "
            "register_entities\nregister_entities(entities)",
        ),
        _ENTITIES,
        _ANSWERS,
        "member",
        kinds=("postgresql",),
        rows=_ROWS,
    ),
    Framework(
        "alembic-postgresql-enum",
        ("alembic-postgresql-enum",),
        _plain("import alembic_postgresql_enum\nfrom models import Base"),
        _CORE,
        _ANSWERS,
        "member",
        kinds=("postgresql",),
        rows=_ROWS,
    ),
)
