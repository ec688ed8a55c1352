# SPDX-License-Identifier: GPL-2.0-only
"""tables: results as text for a terminal, or as Markdown."""

import statistics

WIDE = 0.1  # a range wider than this share of its median is shown


def middle(values):
    return statistics.median(values) if values else None


def figure(value):
    """Three digits, or all of those before the point."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def spread(values):
    """low..high, where the median alone would say too much."""
    if len(values) < 2 or max(values) - min(values) <= WIDE * middle(values):
        return ""
    return f"{figure(min(values))}..{figure(max(values))}"


def aligned(lines):
    """Lists of cells, the first column to the left, the others to the right; [] is a rule."""
    count = max(len(line) for line in lines)
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(count)]
    for line in lines:
        cells = [c.ljust(w) if i == 0 else c.rjust(w)
                 for i, (c, w) in enumerate(zip(line, widths, strict=False))]
        yield "  ".join(cells).rstrip()


def markdown(lines):
    yield "| " + " | ".join(lines[0]) + " |"
    yield "|---|" + "---:|" * (len(lines[0]) - 1)
    for line in lines[1:]:
        yield "| " + " | ".join(line) + " |"


def ratio_lines(results, cells, in_cell):
    """The table of cells[row][tool], lists of numbers; ranges in the cell or a line below."""
    lines = [["", *(row["title"] for row in results["rows"])],
             ["bare, ns", *(figure(middle(row["bare_ns"])) for row in results["rows"])]]
    for tool in results["tools"]:
        columns = [cells(row, tool) for row in results["rows"]]
        ranges = [spread(c) for c in columns]
        medians = [figure(middle(c)) for c in columns]
        if in_cell:
            medians = [f"{m} ({r})" if r else m for m, r in zip(medians, ranges, strict=True)]
        lines.append([tool, *medians])
        if any(ranges) and not in_cell:
            lines.append(["", *ranges])
    return lines


def share_lines(results):
    """How much of a core the tool itself took while the row ran, in percent."""
    lines = [["", *(row["title"] for row in results["rows"])]]
    for tool in results["tools"]:
        cells = [middle(row["tools"].get(tool, {}).get("cpu_share", [])) for row in results["rows"]]
        if any(c is not None for c in cells):
            lines.append([tool, *("-" if c is None else f"{100 * c:.1f} %" for c in cells)])
    return lines


def footprint_lines(footprint):
    lines = [["", "median", "range"]]
    for item in footprint:
        values = item["values"]
        text = figure(middle(values)) if values else item.get("why", "-")
        lines.append([item["title"], f"{text} {item['unit']}" if values else text, spread(values)])
    return lines


def report(results, as_markdown):
    """The whole of it, line by line."""
    form = markdown if as_markdown else aligned
    many = results["rounds"]
    yield (f"Time of one operation as a multiple of the bare runs before and after it; "
           f"median of {many} round{'s' * (many != 1)}.")
    yield (f"Linux {results['kernel']}, {results['cpus']} CPUs. Ranges are shown where wider than "
           f"{100 * WIDE:.0f} %; \"bare\" is what noise alone makes.")
    yield ""
    yield from form(ratio_lines(
        results, lambda row, tool: row["tools"].get(tool, {}).get("ratio", []), as_markdown))
    shares = share_lines(results)
    if len(shares) > 1:
        yield ""
        yield "CPU time of the tool itself while the operations ran, of one core:"
        yield ""
        yield from form(shares)
    if results["footprint"]:
        yield ""
        yield "runwait:"
        yield ""
        yield from form(footprint_lines(results["footprint"]))
    yield ""
    for row in results["rows"]:
        yield f"{'- ' * as_markdown}{row['title']}: {row['operation']}"
    for note in results["notes"]:
        yield f"{'- ' * as_markdown}{note}"
