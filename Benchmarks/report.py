"""The tables for people and the list for machines."""

import json

_MARKS = ("<!-- make bench: begin -->", "<!-- make bench: end -->")
_PEERS = [("envoy", "Envoy 1.40"), ("plain-copy", "plain TCP copy")]


def entries(results, rows, neighbour_rows):
    """One entry for each row and peer. `budget` binds `ratio`, but for rows of memory, where it binds `ours`; only entries
    against Envoy, and those of a quiet pod against itself when it is alone, have one."""
    made = [_entry(results, row, *peer) for row in rows for peer in _PEERS]
    made += [entry for row in neighbour_rows for entry in _neighbour_entries(results, row)]
    return [entry for entry in made if entry["peer"] is not None and entry["ours"] is not None]


def _entry(results, row, peer_key, peer_name):
    ours, peer = results.median(row.subject, row), results.median(peer_key, row)
    budget = row.budget if peer_key == "envoy" else None
    return _made(row.name, row.unit, ours, peer, peer_name, budget, row.absolute)


def _neighbour_entries(results, row):
    alone, elsewhere, shared = (
        results.median_of(row.subject, f"quiet_{load}_p99_us") for load in ("alone", "elsewhere", "shared")
    )
    name = f"{row.name}, beside a saturating one"
    return [
        _made(name, row.unit, shared, alone, "alone", row.budget),
        _made(name, row.unit, shared, elsewhere, "beside the load through other ztunnels", None),
    ]


def _made(name, unit, ours, peer, peer_name, budget, absolute=False):
    # An added latency below zero is noise, and no ratio.
    ratio = ours / peer if ours is not None and peer is not None and peer > 0 else None
    judged = ours if absolute else ratio
    return {
        "name": name,
        "unit": unit,
        "ours": ours,
        "peer": peer,
        "peerName": peer_name,
        "ratio": ratio,
        "budget": budget,
        "met": None if budget is None or judged is None else judged <= budget,
    }


def write_json(path, made):
    path.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")


def table(results, rows):
    """The rows that were measured as a Markdown table; ± is half of the range between the quartiles of the rounds."""
    lines = [
        "| what | unit | Slipstream | Envoy | plain copy | ours ÷ Envoy | budget | |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        entry = _entry(results, row, *_PEERS[0])
        if entry["ours"] is None:
            continue
        cells = [_cell(results, key, row) for key in (row.subject, "envoy", "plain-copy")]
        lines.append(
            f"| {row.name} | {row.unit} | {' | '.join(cells)} | {_ratio(entry)} | {_budget(row)} | {_verdict(entry)} |"
        )
    return "\n".join(lines)


def neighbour_table(results, rows):
    """What a quiet pod feels of a saturating one on its node; empty when that was not measured."""
    lines = []
    for row in rows:
        to_alone, to_elsewhere = _neighbour_entries(results, row)
        if to_alone["ours"] is None:
            continue
        values = " | ".join(_digits(value) for value in (to_alone["peer"], to_elsewhere["peer"], to_alone["ours"]))
        lines.append(
            f"| {row.name} | {row.unit} | {values} | {_ratio(to_alone)} | {_ratio(to_elsewhere)} "
            f"| ≤ {row.budget:.2f} × alone | {_verdict(to_alone)} |"
        )
    if not lines:
        return ""
    head = [
        "| what | unit | alone | load through other ztunnels | load through its own | ÷ alone | ÷ others | budget | |",
        "|---|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    return "\n".join(head + lines)


def put_between_marks(path, text):
    """Replaces what the marks in a Markdown file enclose."""
    before, begin, rest = path.read_text().partition(_MARKS[0])
    _, end, after = rest.partition(_MARKS[1])
    if not end:
        raise SystemExit(f"bench: {path} has no place for the tables: {' … '.join(_MARKS)}")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def _ratio(entry):
    return "" if entry["ratio"] is None else f"{entry['ratio']:.2f}"


def _budget(row):
    if row.budget is None:
        return ""
    return f"≤ {row.budget:g} {row.unit}" if row.absolute else f"≤ {row.budget:.2f} ×"


def _verdict(entry):
    return {True: "met", False: "**missed**", None: ""}[entry["met"]]


def _cell(results, key, row):
    value, spread = results.median(key, row), results.spread(key, row)
    if value is None:
        return ""
    return _digits(value) if spread is None else f"{_digits(value)} ±{spread:.0%}"


def _digits(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
