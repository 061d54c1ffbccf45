"""The table for people and the list for machines."""

import json

_PEERS = [("envoy", "Envoy 1.40"), ("plain-copy", "plain TCP copy")]


def entries(results, rows):
    """One entry for each row and peer. `budget` binds `ratio`, but for rows of memory, where it binds `ours`; only Envoy's
    entries have one."""
    made = []
    for row in rows:
        for key, name in _PEERS:
            entry = _entry(results, row, key, name)
            if entry["peer"] is not None:
                made.append(entry)
    return made


def _entry(results, row, peer_key, peer_name):
    ours, peer = results.median("slipstream", row), results.median(peer_key, row)
    # An added latency below zero is noise, and no ratio.
    ratio = ours / peer if ours is not None and peer is not None and peer > 0 else None
    judged = ours if row.absolute else ratio
    budget = row.budget if peer_key == "envoy" else None
    return {
        "name": row.name,
        "unit": row.unit,
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
    """All rows as a Markdown table; ± is half of the range between the quartiles of the rounds."""
    lines = [
        "| what | unit | Slipstream | Envoy | plain copy | ours ÷ Envoy | budget | |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        entry = _entry(results, row, *_PEERS[0])
        cells = [_cell(results, row, key) for key in ("slipstream", "envoy", "plain-copy")]
        ratio = "" if entry["ratio"] is None else f"{entry['ratio']:.2f}"
        budget = f"≤ {row.budget:g} {row.unit}" if row.absolute else f"≤ {row.budget:.2f} ×"
        verdict = {True: "met", False: "**missed**", None: ""}[entry["met"]]
        lines.append(f"| {row.name} | {row.unit} | {' | '.join(cells)} | {ratio} | {budget} | {verdict} |")
    return "\n".join(lines)


def _cell(results, row, key):
    value, spread = results.median(key, row), results.spread(key, row)
    if value is None:
        return ""
    return _digits(value) if spread is None else f"{_digits(value)} ±{spread:.0%}"


def _digits(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
