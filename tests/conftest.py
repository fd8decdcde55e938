"""Fixtures of all tests: databases of SQLite and of one PostgreSQL server that the whole run shares. 公共测试环境

A test that takes ``engine``, directly or by a fixture such as ``new_database_url``, runs once on each engine; one that
is about some engines alone says so: ``@pytest.mark.engine("sqlite")``, or ``pytestmark`` for a module.
"""

import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support import oracle_emulation
from tests.support.databases import ENGINES, migrate
from tests.support.oracle_server import RealOracle, real_oracle_url
from tests.support.shared_postgresql import SharedPostgres, sharing

NewDatabase = Callable[..., AbstractContextManager[str]]
"""(migrated=True) to the URL of a fresh database, which goes with the context."""


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest our marker."""
    config.addinivalue_line("markers", "engine(*names): the database engines that the test is about; default: all")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on each engine that it is about."""
    if "engine" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("engine")
        metafunc.parametrize("engine", mark.args if mark else ENGINES, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Unwrap a property after each run: pytest-twisted wraps it, and would wrap the wrapped one for the next engine."""
    handle = getattr(pyfuncitem.obj, "hypothesis", None)
    if handle is None:
        return (yield)
    inner_test = handle.inner_test
    try:
        return (yield)
    finally:
        handle.inner_test = inner_test


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """The name of the engine that the test runs on: ``sqlite``, ``postgresql`` or ``oracle``."""
    name: str = request.param
    return name


@pytest.fixture
def new_database_url(engine: str, request: pytest.FixtureRequest) -> NewDatabase:
    """Make fresh databases of the engine, with the schema or without."""
    if engine == "postgresql":
        shared: SharedPostgres = request.getfixturevalue("postgresql")
        return shared.database
    if engine == "oracle":
        if (url := real_oracle_url()) is not None:
            return RealOracle(url).database
        request.getfixturevalue("oracle")
    template: Path = request.getfixturevalue("sqlite_template")
    prefix = oracle_emulation.PREFIX if engine == "oracle" else "sqlite:///"

    @contextmanager
    def _new(*, migrated: bool = True) -> Iterator[str]:
        with TemporaryDirectory(prefix="fep-sqlite-") as directory:
            path = Path(directory) / "fep.db"
            if migrated:
                shutil.copy(template, path)
            yield f"{prefix}{path}"

    return _new


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> oracle_emulation.Emulation:
    """Oracle's driver replaced by an emulation of it over SQLite; whoever asks for it cannot use a real one."""
    if real_oracle_url() is not None:
        pytest.skip("needs the emulation")
    emulation = oracle_emulation.Emulation()
    monkeypatch.setattr("oracledb.connect", emulation.connect)
    return emulation


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema and nothing in it; copy it."""
    path = tmp_path_factory.mktemp("template") / "fep.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[SharedPostgres]:
    """The run's PostgreSQL server, started when the first test asks for it."""
    with sharing() as shared:
        yield shared


@pytest.fixture
def postgresql_url(postgresql: SharedPostgres) -> Iterator[str]:
    """The URL of a PostgreSQL database with the schema and nothing in it, of this test alone."""
    with postgresql.database() as url:
        yield url


@pytest.fixture
def empty_postgresql_url(postgresql: SharedPostgres) -> Iterator[str]:
    """The URL of a PostgreSQL database without the schema, of this test alone."""
    with postgresql.database(migrated=False) as url:
        yield url
