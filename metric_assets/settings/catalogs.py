"""How the name of a catalog becomes the catalog: an import, checked."""

from __future__ import annotations

from importlib import import_module

from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.model import CatalogError

#: The catalog of the platform that this package is delivered for.
OURS = "metric_assets.catalog:CATALOG"


def load_catalog(value: object) -> Catalog:
    """The catalog that ``package.module:NAME`` names, or the catalog itself.

    Raises ValueError that says what is wrong: no such name, something else, or a row that is
    refused.
    """
    if isinstance(value, Catalog):
        return value
    module, _, name = str(value).partition(":")
    try:
        found = getattr(import_module(module), name) if name else None
    except CatalogError as error:
        raise ValueError(f"{value}: the catalog has a row that cannot be right: {error}") from None
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{value}: cannot be imported: {error}") from None
    if not isinstance(found, Catalog):
        kind = "no name after a colon" if not name else f"a {type(found).__name__}"
        raise ValueError(f"expected package.module:NAME of a Catalog, found {kind} in {value!r}")  # noqa: TRY004 - pydantic's
    return found
