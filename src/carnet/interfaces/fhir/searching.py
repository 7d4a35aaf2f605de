"""A search's answer: a Bundle of a page of resources, with what goes with them (FHIR R4 §3.1.1)."""

from typing import Any
from urllib.parse import urlencode

from carnet.domain.directory.queries import published
from carnet.domain.directory.queries.criteria import Carrier, Criterion, any_of
from carnet.domain.directory.queries.published import Published, PublishedPractice, PublishedStructure
from carnet.interfaces.fhir import organization, practitioner, practitioner_role, systems
from carnet.interfaces.fhir.outcomes import Refused, outcome
from carnet.interfaces.fhir.parameters import Page, Query, cursor_after

MOST_INCLUDED = 2_000
BY_NAME: dict[str, Any] = {one.NAME: one for one in (practitioner, practitioner_role, organization)}
_ALWAYS = frozenset({"resourceType", "id", "meta"})


def render(row: Published) -> dict[str, Any]:
    """A row as the resource that it is."""
    if isinstance(row, PublishedPractice):
        return practitioner_role.render(row)
    if isinstance(row, PublishedStructure):
        return organization.render(row)
    return practitioner.render(row)


def criteria_of(of: Any, query: Query) -> list[Criterion]:
    """The conditions of a search; repeated parameters must all hold, values of one are alternatives. Raises
    ``Refused``."""
    found = []
    about_content = False
    for given in query.given:
        parameter = of.PARAMETERS[given.name]
        found.append(any_of([parameter.criterion(value, given.modifier) for value in given.values]))
        about_content = about_content or parameter.about_content
    if about_content:
        # What an ended row was like is not told, so it is not found by it.
        found.append(Criterion("r.active"))
    return found


def bundle(of: Any, query: Query, base: str) -> dict[str, Any]:
    """The page that is asked for, of at most ``_count``, with the link to the next one."""
    page = query.page
    criteria = criteria_of(of, query)
    made: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    links = [{"relation": "self", "url": _address(of, query, base, page.after)}]
    if page.only_total:
        return {**made, "total": published.count(of.CARRIER, criteria), "link": links}
    _check_includes(of, page)
    rows = published.search(of.CARRIER, criteria, after=page.after, limit=page.count + 1)
    more = len(rows) > page.count
    rows = rows[: page.count]
    if not more and not page.after:
        made["total"] = len(rows)
    elif page.total:
        made["total"] = published.count(of.CARRIER, criteria)
    if more:
        links.append({"relation": "next", "url": _address(of, query, base, rows[-1].key)})
    entries = [_entry(base, render(row), "match", page.elements) for row in rows]
    included, cut = _included(of, rows, page)
    entries += [_entry(base, render(row), "include", page.elements) for row in included]
    if cut:
        words = f"more than {MOST_INCLUDED} resources go with this page: ask for a smaller one"
        entries.append({"resource": outcome("incomplete", words, "warning"), "search": {"mode": "outcome"}})
    made["link"] = links
    if entries:
        made["entry"] = entries
    return made


def _address(of: Any, query: Query, base: str, after: str) -> str:
    pairs = [*query.pairs, *([("_cursor", cursor_after(after))] if after else [])]
    return f"{base}/{of.NAME}" + (f"?{urlencode(pairs)}" if pairs else "")


def _entry(base: str, resource: dict[str, Any], mode: str, elements: frozenset[str]) -> dict[str, Any]:
    full = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": full, "resource": subset(resource, elements), "search": {"mode": mode}}


def subset(resource: dict[str, Any], elements: frozenset[str]) -> dict[str, Any]:
    """Only these elements, marked as not the whole (FHIR R4 §3.1.1.5.9)."""
    if not elements:
        return resource
    kept = {name: value for name, value in resource.items() if name in _ALWAYS or name in elements}
    kept["meta"] = {**kept["meta"], "tag": [systems.SUBSETTED]}
    return kept


def _check_includes(of: Any, page: Page) -> None:
    for asked, known, parameter in (
        (page.include, of.INCLUDES, "_include"),
        (page.revinclude, of.REVINCLUDES, "_revinclude"),
    ):
        for one in asked:
            if one != "*" and one not in known:
                words = ", ".join(["*", *sorted(known)]) if known else "none"
                raise Refused(400, "not-supported", f"parameter {parameter}: known for {of.NAME}: {words}")


def _included(of: Any, rows: list[Published], page: Page) -> tuple[list[Published], bool]:
    """What goes with the rows, each once and none of the rows again; whether some was left out."""
    wanted: dict[Carrier, dict[str, None]] = {}
    include = of.INCLUDES if "*" in page.include else {one: of.INCLUDES[one] for one in page.include}
    for name, target in include.items():
        for row in rows:
            key = _target(row, name)
            if row.active and key:
                wanted.setdefault(BY_NAME[target].CARRIER, {})[key] = None
    shown = {(type(row), row.key) for row in rows}
    found: list[Published] = []
    for carrier, keys in wanted.items():
        found += [row for row in published.of_keys(carrier, keys) if (type(row), row.key) not in shown]
    revinclude = of.REVINCLUDES if "*" in page.revinclude else {one: of.REVINCLUDES[one] for one in page.revinclude}
    for column in revinclude.values():
        active = [row.key for row in rows if row.active]
        found += published.practices_of(column, active, MOST_INCLUDED + 1)
    return found[:MOST_INCLUDED], len(found) > MOST_INCLUDED


def _target(row: Published, name: str) -> str:
    if isinstance(row, PublishedPractice):
        return (row.rpps if name.endswith(":practitioner") else row.structure) or ""
    if isinstance(row, PublishedStructure) and row.finess_ej and row.id_nat != f"1{row.finess_ej}":
        return f"1{row.finess_ej}"
    return ""
