"""Read a document while it arrives: one field as it grows, and the whole document at the end.

Run it from anywhere: `python examples/quickstart.py`.
"""

from collections.abc import Iterator
from pathlib import Path

import streamjson as sj


def body(path: Path) -> Iterator[bytes]:
    """Stand in for `response.iter_bytes()`: a recorded stream, in pieces that end anywhere."""
    with path.open("rb") as file:
        while piece := file.read(1000):
            yield piece


stream = sj.assemble(sj.decode_sse(body(Path(__file__).with_name("trip.sse"))))
shown = None

for snapshot in stream:
    title = snapshot.get("title")  # reads one field without building the document
    if title != shown:
        print(title)
        shown = title

trip = stream.snapshot.value
city, budget = trip["destination"]["city"], trip["budget"]
print(f"\n{city}, {len(trip['days'])} days, {budget['total']} {budget['currency']}")
for day in trip["days"]:
    places = [activity["place"] for activity in day["activities"]]
    print(f"  {day['date']}  {day['title']}: {', '.join(places)}")
