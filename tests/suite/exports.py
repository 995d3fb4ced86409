"""Reads what was exported with nothing of ours: python3 exports.py DIRECTORY

The standard library reads everything; icalendar, networkx, openpyxl and prov read it as well, where they are there.
Prints which were, and ends with OK.
"""

import csv
import importlib
import io
import json
import re
import sys
import xml.etree.ElementTree as tree
import zipfile
from pathlib import Path

PLACE = Path(sys.argv[1])
HANGUL = "군사회담 제의"
FORMULA = '=HYPERLINK("https://example.org")'


def module(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def same(found, wanted):
    if found != wanted:
        raise SystemExit(f"found {found!r} instead of {wanted!r}")


def calendar(name):
    """Returns the components of a calendar by UID, read by the letter of RFC 5545."""
    raw = (PLACE / name).read_bytes()
    same(raw.replace(b"\r\n", b"").count(b"\n"), 0)
    for line in raw.split(b"\r\n"):
        line.decode("utf-8")  # No line is cut within a letter.
        same(len(line) <= 75, True)
    found, component = {}, None
    for line in raw.decode("utf-8").replace("\r\n ", "").split("\r\n"):
        key, _, value = line.partition(":")
        if key == "BEGIN" and value in ("VEVENT", "VTODO"):
            component = {}
        elif key == "END" and value in ("VEVENT", "VTODO"):
            same(component["UID"] in found, False)
            found[component["UID"]] = component
            component = None
        elif component is not None:
            component[key.partition(";")[0]] = value
    icalendar = module("icalendar")
    if icalendar:
        parsed = icalendar.Calendar.from_ical(raw)
        walked = [part for part in parsed.walk() if part.name in ("VEVENT", "VTODO")]
        same(sorted(str(part["UID"]) for part in walked), sorted(found))
        same([part.errors for part in walked if part.errors], [])
    return found


def calendars():
    """The uid of a meeting stays, its sequence rises, and what is called off is cancelled."""
    versions = [calendar(f"{number}.ics") for number in range(3)]
    same(versions[0].keys() == versions[1].keys() == versions[2].keys(), True)
    for uid, first in versions[0].items():
        if not uid.startswith("meeting") and "answer@" in uid:
            continue
        sequences = [int(version[uid]["SEQUENCE"]) for version in versions]
        same(sequences == sorted(set(sequences)), True)
        same([version[uid]["STATUS"] for version in versions], ["TENTATIVE", "TENTATIVE", "CANCELLED"])
        same(versions[2][uid]["DTSTART"], first["DTSTART"])


def tables():
    text = (PLACE / "out.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    summaries = [row["summary"] for row in rows]
    same(HANGUL in summaries and "'" + FORMULA in summaries, True)
    same([cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))], [])
    with zipfile.ZipFile(PLACE / "out.xlsx") as book:
        parts = [book.read(part).decode("utf-8") for part in book.namelist() if part.endswith(".xml")]
    same(any(HANGUL in part for part in parts), True)
    same(any("<f>" in part for part in parts), False)
    openpyxl = module("openpyxl")
    if openpyxl:
        sheet = openpyxl.load_workbook(PLACE / "out.xlsx").worksheets[0]
        cells = [cell for row in sheet.iter_rows() for cell in row]
        same({cell.data_type for cell in cells} <= {"s", "n"}, True)
        same({HANGUL, FORMULA} <= {cell.value for cell in cells}, True)


def graphs():
    feed = tree.parse(PLACE / "out.atom").getroot()
    atom = "{http://www.w3.org/2005/Atom}"
    same(feed.tag, atom + "feed")
    same(HANGUL in [title.text for title in feed.iter(atom + "title")], True)
    for name in ("out.gexf", "out.graphml"):
        root = tree.parse(PLACE / name).getroot()
        kinds = [element.tag.rpartition("}")[2] for element in root.iter()]
        same((kinds.count("node"), kinds.count("edge")), (2, 1))
    networkx = module("networkx")
    if networkx:
        for graph in (networkx.read_graphml(PLACE / "out.graphml"), networkx.read_gexf(PLACE / "out.gexf")):
            same([(one, other) for one, other in graph.edges()], [("PRK", "KOR")])


def events():
    """The JSON schema of CloudEvents 1.0.2, by its letter."""
    ids = set()
    for line in (PLACE / "out.cloudevents").read_text("utf-8").splitlines():
        event = json.loads(line)
        for name in ("id", "source", "specversion", "type"):
            same(isinstance(event[name], str) and event[name] != "", True)
        same(event["specversion"], "1.0")
        same(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", event["time"]) is None, False)
        for name, value in event.items():
            same(re.fullmatch("[a-z0-9]{1,20}", name) is None, False)
            same(name == "data" or isinstance(value, (str, bool, int)), True)
        ids.add((event["source"], event["id"]))
    same(len(ids), 5)


def provenance():
    document = json.loads((PLACE / "out.prov").read_text("utf-8"))
    ends = {
        "wasGeneratedBy": {"prov:entity": "entity", "prov:activity": "activity"},
        "wasAttributedTo": {"prov:entity": "entity", "prov:agent": "agent"},
        "wasAssociatedWith": {"prov:activity": "activity", "prov:agent": "agent"},
        "wasDerivedFrom": {"prov:generatedEntity": "entity", "prov:usedEntity": "entity"},
    }
    for relation, of in ends.items():
        for said in document[relation].values():
            for end, section in of.items():
                same(said[end] in document[section], True)
    prov = module("prov.model")
    if prov:
        read = prov.ProvDocument.deserialize(str(PLACE / "out.prov"))
        same(prov.ProvDocument.deserialize(content=read.serialize()) == read, True)


for check in (calendars, tables, graphs, events, provenance):
    check()
print("with", [name for name in ("icalendar", "networkx", "openpyxl", "prov") if module(name)])
print("OK")
