"""What metric_assets uses of Dagster beyond its public API is still there."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import pytest

import metric_assets
from metric_assets_tests.conventions.files import MODULES

pytestmark = pytest.mark.unit

_FILE = Path(metric_assets.__file__).parent / "orchestration" / "dagster_private.py"
#: What of Dagster is private: modules with an underscore, and packages that it is split into.
_PRIVATE = ("dagster._", "dagster_shared", "dagster_postgres")

#: Attribute -> the parameters or fields of it that orchestration uses, and the module that does.
_USED = [
    (
        "dagster._core.storage.event_log.base:EventLogStorage.get_asset_check_partition_info",
        ("keys", "partition_keys"),
        "proofs",
    ),
    (
        "dagster._core.storage.event_log.base:EventLogStorage.get_asset_check_execution_history",
        ("check_key", "limit", "cursor", "status", "partition_filter"),
        "proofs",
    ),
    (
        "dagster._core.storage.event_log.base:EventLogStorage.get_latest_storage_id_by_partition",
        ("asset_key", "event_type"),
        "proofs",
    ),
    (
        "dagster._core.storage.asset_check_execution_record:AssetCheckPartitionInfo",
        (
            "partition_key",
            "latest_execution_status",
            "latest_check_event_storage_id",
            "latest_planned_run_id",
            "latest_materialization_storage_id",
        ),
        "proofs",
    ),
    (
        "dagster._core.storage.asset_check_execution_record:AssetCheckPartitionInfo.is_current",
        (),
        "proofs",
    ),
    (
        "dagster:AssetCheckEvaluation",
        ("asset_key", "check_name", "partition", "passed", "target_materialization_data"),
        "evaluations",
    ),
    (
        "dagster:DagsterInstance.optimize_for_webserver",
        ("statement_timeout", "pool_recycle", "max_overflow"),
        "storage",
    ),
]


def _imports(file: Path) -> list[tuple[str, str]]:
    """What a module imports of Dagster, module and name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [(node.module or "", one.name) for node in found for one in node.names]


def _changed(what: str, module: str) -> str:
    return (
        f"Dagster {dg.__version__} (dagster-postgres {version('dagster-postgres')}) {what}."
        f" metric_assets/orchestration/{module}.py uses it: adapt that module and"
        " dagster_private.py, or keep Dagster below this version in pyproject.toml"
    )


def _parameters(found: object) -> set[str]:
    if not callable(found):
        return set()
    return {*inspect.signature(found).parameters, *getattr(found, "__annotations__", {})}


@pytest.mark.parametrize(("module", "name"), [one for one in _imports(_FILE) if "." in one[0]])
def test_a_private_name_is_where_it_was(module: str, name: str) -> None:
    """If this fails, Dagster has moved or removed the name."""
    try:
        found = hasattr(import_module(module), name)
    except ImportError:
        found = False
    assert found, _changed(f"has no {module}.{name} any more", "dagster_private")


@pytest.mark.parametrize(("attribute", "wanted", "module"), _USED)
def test_what_is_called_takes_what_it_is_given(
    attribute: str, wanted: tuple[str, ...], module: str
) -> None:
    """If this fails, Dagster has changed parameters or fields that are used."""
    place, _, path = attribute.partition(":")
    found: object = import_module(place)
    for name in path.split("."):
        found = getattr(found, name, None)
    assert found is not None, _changed(f"has no {path} any more", module)
    missing = sorted(set(wanted) - _parameters(found))
    assert not missing, _changed(f"has {path} without {', '.join(missing)}", module)


def test_only_one_module_imports_what_is_private() -> None:
    """Everything else uses `dagster` alone, so that a new version has one place to break."""
    found = {
        f"{file.name}: {module}"
        for file in MODULES
        if file != _FILE
        for module, _ in _imports(file)
        if module.startswith(_PRIVATE)
    }
    assert not found
