"""No key, no password, no customer is in anything that the product prints, whatever happens to it. 金丝雀测试

Everything secret of a site is a canary. All banks, commands and mishaps go their ways; all that is printed on them, and
every file but those whose purpose it is, is searched for all canaries in the forms that programs show bytes in. The
table at the end says how much was searched of each path; ``-rP`` shows it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.canaries import Search, report
from tests.support.raw_bank import SESSION_KEYS
from tests.support.shared_postgresql import SharedPostgres
from tests.system.canary import links, operations, secrets
from tests.system.canary.site import CanarySite, canary_site


@pytest.fixture
def canaries(postgresql: SharedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CanarySite]:
    """A site that is full of canaries; a daemon runs."""
    if postgresql.server is None:
        pytest.skip("a site has a database of its own: this test makes one, and a role")
    with canary_site(postgresql.server, tmp_path, monkeypatch) as site:
        site.daemon.start()
        yield site


def test_no_canary_is_seen(canaries: CanarySite) -> None:
    """Whatever banks and people do, and whatever fails, nothing secret is printed; it is where it has to be."""
    site = canaries
    links.standard_links(site)
    links.other_formats(site)
    links.pushed(site, *operations.files_and_debits(site))
    operations.a_day(site)
    operations.at_the_daemon(site)
    operations.reports(site)
    operations.wrong_issues(site)
    operations.bugs_of_commands(site)
    operations.keys(site)
    operations.wrong_configurations(site)
    operations.stopped(site)
    operations.in_colours(site)
    operations.without_database(site)
    operations.killed(site)
    site.keep_the_rest_of_the_log()
    site.keep_files()
    site.keep("traces", b"\n".join(site.collector.payloads))

    print(site.table())
    assert [path for path, printed in site.printed.items() if not printed] == []
    found = site.findings()
    assert not found, report(found)
    # What is looked for is there to be found: the same search finds it in the files that hold it.
    assert {"name", "account", "passbook", "password of the database"} <= Search(
        secrets.canaries_of(SESSION_KEYS)
    ).found(site.held()).keys()
