"""Code that is not the project's, by its qualified name: what is known of it.

A name that is not on these lists proves nothing: a call of it is unknown.
"""

from __future__ import annotations

import sys
from functools import lru_cache

# Roots that are never looked for in the project's own tree.
LIBRARIES = frozenset(sys.stdlib_module_names) | frozenset(
    """alembic alembic_postgresql_enum alembic_utils attr attrs babel bcrypt click cryptography
    dateutil faker flask flask_migrate flask_sqlalchemy geoalchemy2 jinja2 jwt loguru markupsafe
    numpy orjson oslo_config oslo_log oslo_utils packaging passlib pgvector psycopg psycopg2
    pydantic pydantic_settings pytz requests rich simplejson six slugify sqlalchemy
    sqlalchemy_utils sqlmodel structlog tqdm typing_extensions ulid ujson werkzeug yaml
    """.split()  # noqa: SIM905
)

# Of these, and of everything inside them, no call reaches the database.
_PURE = frozenset(
    """__future__ abc array ast.literal_eval base64 binascii calendar codecs collections colorsys
    copy csv dataclasses datetime dateutil decimal difflib enum errno fnmatch fractions getpass
    gettext glob gzip hashlib hmac html inspect.cleandoc inspect.isclass inspect.signature io
    ipaddress itertools json keyword linecache locale logging math mimetypes numbers
    operator.add operator.eq operator.mul operator.or_ operator.and_ os.environ os.fspath
    os.getcwd os.getenv os.getpid os.listdir os.path os.linesep os.sep os.urandom pathlib
    platform pprint random re reprlib secrets shlex statistics string struct sys.argv
    sys.executable sys.getsizeof sys.maxsize sys.path sys.platform sys.stderr sys.stdin
    sys.stdout sys.version sys.version_info textwrap threading.Lock threading.RLock time token
    tokenize traceback typing unicodedata urllib.parse uuid warnings zlib zoneinfo os.walk
    os.stat os.scandir tempfile attr attrs babel bcrypt click.echo click.get_app_dir click.secho
    click.style cryptography faker jinja2 jwt loguru markupsafe numpy orjson oslo_config
    oslo_log oslo_serialization oslo_utils packaging passlib pytz rich simplejson six slugify
    structlog typing_extensions ulid ujson yaml pydantic pydantic_settings
    alembic.util.messaging alembic.util.msg alembic.util.obfuscate_url_pw
    alembic.context.config.get_main_option alembic.context.config.get_section
    alembic.context.config.get_section_option alembic.context.config.config_ini_section
    alembic.context.config.config_file_name alembic.context.config.cmd_opts
    alembic.context.config.print_stdout alembic.context.get_x_argument
    alembic.context.get_tag_argument alembic.context.is_offline_mode
    alembic.context.get_head_revision alembic.context.get_revision_argument
    flask.current_app.config flask.current_app.logger sqlalchemy.util sqlalchemy.engine.url
    sqlalchemy.engine.make_url sqlalchemy.engine.URL sqlalchemy.make_url sqlalchemy.__version__
    sqlalchemy.orm.relationship sqlalchemy.orm.backref sqlalchemy.orm.configure_mappers
    sqlalchemy.orm.attributes.flag_modified sqlalchemy.orm.deferred sqlalchemy.orm.synonym
    sqlalchemy.orm.joinedload sqlalchemy.orm.selectinload sqlalchemy.orm.load_only
    sqlalchemy.orm.subqueryload sqlalchemy.orm.contains_eager sqlalchemy.orm.lazyload
    sqlalchemy.orm.defer sqlalchemy.orm.undefer sqlalchemy.orm.raiseload sqlalchemy.orm.noload
    sqlalchemy.orm.column_property sqlalchemy.orm.composite sqlalchemy.exc sqlalchemy.pool
    sqlalchemy.sql.quoted_name sqlalchemy.dialects.registry sqlalchemy.orm.exc
    sqlmodel.Relationship sqlalchemy.ext.associationproxy.association_proxy
    """.split()  # noqa: SIM905
)
# Of these the value may still hold, or be, what went in.
_HOLDING = frozenset(
    """attr attrs collections copy dataclasses enum inspect itertools operator typing pydantic tqdm
    """.split()  # noqa: SIM905
)

# Packages whose capitalised names are column types, and nothing but.
_TYPES = (
    "sqlalchemy_utils", "geoalchemy2", "pgvector.sqlalchemy", "advanced_alchemy.types",
    "fastapi_users_db_sqlalchemy.generics", "citext", "sqlalchemy_json", "sqlalchemy_utc",
    "oslo_db.sqlalchemy.types", "clickhouse_sqlalchemy.types", "snowflake.sqlalchemy",
    "sqlalchemy_jsonfield", "sqlmodel", "alembic_postgresql_enum",
)  # fmt: skip

_DIRECTIVES = frozenset(
    """add_column alter_column drop_column create_table drop_table rename_table create_index
    drop_index create_foreign_key create_unique_constraint create_primary_key
    create_check_constraint create_exclude_constraint drop_constraint create_table_comment
    drop_table_comment bulk_insert execute batch_alter_table get_bind get_context f
    inline_literal invoke run_async sync_enum_values
    """.split()  # noqa: SIM905
)
_SQLALCHEMY = frozenset(
    """all_ and_ any_ asc between bindparam case cast collate column create_engine delete desc
    distinct engine_from_config event except_ exists exc extract false func inspect insert
    intersect join lateral literal literal_column not_ null nulls_first nulls_last nullslast
    nullsfirst or_ orm outerjoin over quoted_name schema select sql table tablesample text true
    tuple_ type_coerce types union union_all update values within_group dialects engine
    """.split()  # noqa: SIM905
)
_EXPORTS = {
    "alembic.op": _DIRECTIVES,
    "alembic": frozenset({"op", "context", "command", "config", "util"}),
    "sqlalchemy": _SQLALCHEMY,
    "sqlmodel": _SQLALCHEMY,
    "sqlalchemy.types": frozenset(),
    "sqlalchemy.schema": frozenset({"conv"}),
    "sqlalchemy.sql": _SQLALCHEMY,
    "sqlalchemy.orm": frozenset(
        {"mapped_column", "relationship", "sessionmaker", "declarative_base", "scoped_session"}
    ),
    "sqlalchemy.dialects.postgresql": frozenset({"insert", "array"}),
    "sqlalchemy.dialects.mysql": frozenset({"insert"}),
    "sqlalchemy.dialects.sqlite": frozenset({"insert"}),
}


def is_library(path: str) -> bool:
    """Tell whether a dotted name certainly belongs to a library."""
    return path.partition(".")[0] in LIBRARIES


def exported(module: str, name: str) -> bool:
    """Tell whether `from module import *` brings a name."""
    known = _EXPORTS.get(module)
    if known is not None:
        return name in known or (name[:1].isupper() and module != "alembic.op")
    return _within(module, _PURE) != ""


@lru_cache(maxsize=2048)
def is_pure(path: str) -> bool:
    """Tell whether a library's function is on the list of those that cannot reach the database."""
    return _within(path, _PURE) != ""


def holds_arguments(path: str) -> bool:
    """Tell whether what a pure function returns may hold what it was given."""
    return _within(path, _HOLDING) != ""


@lru_cache(maxsize=2048)
def is_type(path: str) -> bool:
    """Tell whether a library's name is a column type."""
    last = path.rpartition(".")[2]
    if not last[:1].isupper():
        return False
    if path.startswith(("sqlalchemy.orm.", "sqlalchemy.ext.", "sqlmodel.SQLModel")):
        return False
    if path.startswith("sqlalchemy."):
        return last not in _NO_TYPES
    return any(path.startswith(f"{name}.") for name in _TYPES)


_NO_TYPES = frozenset(
    """FetchedValue DefaultClause Sequence Inspector Session AsyncSession Connection Engine
    MetaData Table Column Index DDL
    """.split()  # noqa: SIM905
)


def _within(path: str, names: frozenset[str]) -> str:
    """Return the listed name that a path is, or is inside of; "" for none."""
    while path:
        if path in names:
            return path
        path = path.rpartition(".")[0]
    return ""
