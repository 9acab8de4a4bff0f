"""Whatever the graph, the version table ends as the set of what is applied says."""

from __future__ import annotations

import shutil
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lback.core.graph.graph import Graph
from lback.core.plans import plan_downgrade, plan_upgrade, tips
from tests.core.test_plans import graphs
from tests.db.projects import Project

OK = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


# Without shrinking: every example runs a dozen migrations.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]


@settings(max_examples=25, deadline=None, suppress_health_check=OK, phases=PHASES)
@given(graphs(), st.data())
def test_random_graphs_up_and_down(tmp_path: Path, graph: Graph, data: st.DataObject) -> None:
    shutil.rmtree(tmp_path / "project", ignore_errors=True)
    database_file = tmp_path / "db.sqlite3"
    database_file.unlink(missing_ok=True)
    project = Project(tmp_path / "project", url=f"sqlite:///{database_file}")
    for revision in graph:
        project.add(revision.id, revision.parents or None, "pass", depends_on=revision.depends_on)
    database = project.database()
    ids = sorted(graph.order())
    done: set[str] = set()
    for _ in range(3):
        targets = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        outcome = database.run(lambda stamp, to=targets: plan_upgrade(graph, stamp.revisions, to))
        done |= graph.ancestors(targets)
        assert outcome.after == tips(graph, done) == database.stamp().revisions
        undo = data.draw(st.lists(st.sampled_from(sorted(done)), max_size=3, unique=True))
        outcome = database.run(
            lambda stamp, it=undo: plan_downgrade(graph, stamp.revisions, it).steps
        )
        done -= {step.revision for step in outcome.steps}
        assert outcome.after == tips(graph, done) == database.stamp().revisions
