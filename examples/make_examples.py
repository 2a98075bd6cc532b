"""Write the example streams beside this file, and the final document of each in `expected/`.

    python examples/make_examples.py

A model that follows a schema writes its document in order, a token at a time. Here a fixed seed cuts the tokens, so
that every run writes the same bytes. The plain loop below builds the expected documents from the cut pieces, not
streamjson, so that they can test it.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from streamjson import ServerSentEvent, StreamingChunk, encode_sse, format_path

HERE = Path(__file__).parent

Steps = tuple[str | int, ...]
Delta = tuple[Steps, Any]

TRIP = {
    "title": "Five autumn days between Porto and the Douro",
    "destination": {"city": "Porto", "country": "Portugal", "language": "Portuguese"},
    "travellers": 2,
    "budget": {"currency": "EUR", "total": 1480, "hotels": 620.5, "food": 390, "transport": 145.2, "flexible": True},
    "days": [
        {
            "day": 1,
            "date": "2026-10-05",
            "title": "Arrival and the river",
            "activities": [
                {
                    "time": "11:40",
                    "place": "Porto Airport",
                    "notes": "Take the violet metro line to Trindade. Buy two Andante cards at the machine and keep"
                    " them for the whole stay.",
                    "cost": 5.7,
                    "booked": False,
                },
                {
                    "time": "15:00",
                    "place": "Cais da Ribeira",
                    "notes": "Drop the bags first, then walk down to the water. The lower deck of the bridge is the"
                    " better way across.",
                    "cost": 0,
                    "booked": False,
                },
                {
                    "time": "19:30",
                    "place": "Taberna dos Mercadores",
                    "notes": "Only twenty seats, so be there when it opens. The grilled octopus is enough for two.",
                    "cost": 58,
                    "booked": True,
                },
            ],
        },
        {
            "day": 2,
            "date": "2026-10-06",
            "title": "Tiles, towers and a bookshop",
            "activities": [
                {
                    "time": "09:00",
                    "place": "Livraria Lello",
                    "notes": "The first slot of the day is nearly empty. The price of the ticket comes off any book.",
                    "cost": 16,
                    "booked": True,
                },
                {
                    "time": "11:00",
                    "place": "Torre dos Clérigos",
                    "notes": "240 steps, narrow near the top, and on a clear day a view as far as the ocean.",
                    "cost": 16,
                    "booked": False,
                },
                {
                    "time": "16:30",
                    "place": "Capela das Almas",
                    "notes": "15,947 blue tiles, best in the low sun of the afternoon; the street is a market until"
                    " seven.",
                    "cost": 0,
                    "booked": False,
                },
            ],
        },
        {
            "day": 3,
            "date": "2026-10-07",
            "title": "By train into the Douro valley",
            "activities": [
                {
                    "time": "09:10",
                    "place": "São Bento station",
                    "notes": "Sit on the right: after Pala the line follows the river for an hour, a few metres above"
                    " the water.",
                    "cost": 24.4,
                    "booked": True,
                },
                {
                    "time": "12:30",
                    "place": "Pinhão",
                    "notes": "Lunch on the quay, then look at the harvest scenes on the walls of the station.",
                    "cost": 35,
                    "booked": False,
                },
                {
                    "time": "14:30",
                    "place": "Quinta do Bomfim",
                    "notes": "A tour of the cellars and a tasting, an hour and a half in all. Ask for the terrace, it"
                    " looks over the whole bend of the river.",
                    "cost": 50,
                    "booked": True,
                },
                {
                    "time": "18:00",
                    "place": "Casa do Visconde",
                    "notes": "The last train back leaves at 17:49, so stay the night; breakfast is under the orange"
                    " trees.",
                    "cost": 118.5,
                    "booked": True,
                },
            ],
        },
        {
            "day": 4,
            "date": "2026-10-08",
            "title": "Down the river and to the sea",
            "activities": [
                {
                    "time": "10:30",
                    "place": "Pier of Pinhão",
                    "notes": "Go back by boat through two locks; the one at Carrapatelo drops thirty-five metres.",
                    "cost": 96,
                    "booked": True,
                },
                {
                    "time": "18:15",
                    "place": "Foz do Douro",
                    "notes": "Tram 1 to the end of the line, then along the breakwater to the lighthouse for sunset.",
                    "cost": 7,
                    "booked": False,
                },
            ],
        },
        {
            "day": 5,
            "date": "2026-10-09",
            "title": "A slow morning and the way home",
            "activities": [
                {
                    "time": "09:30",
                    "place": "Mercado do Bolhão",
                    "notes": "Cheese, tinned fish and a coffee standing up. The stalls on the upper floor are the"
                    " cheaper ones.",
                    "cost": 30,
                    "booked": False,
                },
                {
                    "time": "11:30",
                    "place": "Jardins do Palácio de Cristal",
                    "notes": "Peacocks, shade and the best view of the river that costs nothing.",
                    "cost": 0,
                    "booked": False,
                },
                {
                    "time": "16:05",
                    "place": "Porto Airport",
                    "notes": "Leave the hotel at 13:30: the metro takes half an hour, the queue for security as long.",
                    "cost": 5.7,
                    "booked": True,
                },
            ],
        },
    ],
    "tips": [
        "Most museums are closed on Mondays.",
        "Shoes with a grip: the tiles are slippery after rain.",
        "Bread and olives that you did not order are not free.",
    ],
    "weather": {"high_c": 21, "low_c": 13.5, "rain_days": None},
}

PEOPLE = {
    "people": [
        {
            "name": "Zoë Müller",
            "role": "engineer 👩‍💻",
            "motto": "Ship it 🚀, then sleep 😴",
            "languages": ["Deutsch", "français"],
            "age": 34,
            "remote": True,
        },
        {
            "name": "田中 さくら",
            "role": "設計者",
            "motto": "急がば回れ。\n石の上にも三年。",
            "languages": ["日本語", "한국어"],
            "age": 41,
            "remote": False,
        },
        {
            "name": "ليلى حسن",
            "role": "كاتبة",
            "motto": "الصبر مفتاح الفرج",
            "languages": ["العربية", "עברית"],
            "age": 29,
            "remote": True,
        },
        {
            "name": 'Robert "Bobby" O\'Neil',
            "role": "DBA",
            "motto": "Always quote: \"it's 5 o'clock\"\tsomewhere\\nowhere",
            "languages": [],
            "age": None,
            "remote": False,
        },
        {
            "name": "Ana María Ñúñez 🇪🇸",
            "role": "pilot 👩🏽‍✈️",
            "motto": "C:\\maps\\🌍\r\n/home/ana/🗺️",
            "languages": ["español", "català", "ไทย", "हिन्दी"],
            "age": 52,
            "remote": True,
        },
        {
            "name": "The Okafor family 👨‍👩‍👧‍👦",
            "role": "sponsors 🇳🇬🇬🇧",
            "motto": "Together 🤝 — “e pluribus unum”… 𝄞 for all</script>",
            "languages": ["Igbo", "English"],
            "age": None,
            "remote": True,
        },
    ],
    "count": 6,
    "empty": {},
    "checked": True,
}

TEXT = """\
# Why a river bends

Water at the outside of a bend runs faster than at the inside. It carries sand away there, and \
drops it where it is slow. So a small bend grows: the outer bank is undercut, the inner one becomes a beach.

## What stops it

1. **Rock.** A bank of granite gives way a thousand times slower than one of clay.
2. **Roots.** Willows and alders hold the soil together, until a flood takes the tree as well.
3. **The river itself.** When two bends meet, the water takes the short way, and the loop is left \
behind as a lake: an *oxbow*.

> A meander is never finished; it only changes where it is going.

On a map the distance from bend to bend is about eleven times the width of the channel, for a brook and for \
the Mississippi alike.
"""

RECIPE = {
    "dish": "Caldo verde",
    "serves": 4,
    "ingredients": [
        {"name": "potatoes, floury", "amount": 600, "unit": "g"},
        {"name": "kale, cut as thin as grass", "amount": 200, "unit": "g"},
        {"name": "chouriço", "amount": 1, "unit": "piece"},
        {"name": "olive oil", "amount": 4, "unit": "tbsp"},
    ],
    "steps": [
        "Boil the potatoes with an onion and two cloves of garlic until they fall apart.",
        "Blend the soup, thin it with hot water and bring it back to the boil.",
        "Stir in the kale, three minutes before serving, so that it stays green.",
        "Put two slices of chouriço into each bowl and pour the soup over them.",
    ],
    "vegetarian": False,
}


# ----------------------------------------------------------------------------------------------------------------------
# a document -> deltas, cut like a model's tokens


def deltas(value: Any, rng: random.Random, steps: Steps = ()) -> Iterator[Delta]:
    """Yield the deltas that a sender streams for `value`: strings by the token, everything else whole."""
    if isinstance(value, str):
        for piece in tokens(value, rng):
            yield steps, piece
    elif value and isinstance(value, dict):
        for name, item in value.items():
            yield from deltas(item, rng, (*steps, name))
    elif value and isinstance(value, list):
        for index, item in enumerate(value):
            yield from deltas(item, rng, (*steps, index))
    else:
        yield steps, value


def tokens(text: str, rng: random.Random) -> Iterator[str]:
    """Yield a text in pieces like a tokenizer's: short words whole, with the preceding blank, some long ones in two."""
    pieces = re.findall(r" ?[^\W\d_]+| ?\d{1,3}|\s+| ?[^\w\s]|_", text)
    for piece in pieces or [""]:
        if len(piece) > 5 and rng.random() < 0.5:
            middle = 3 + int(rng.random() * (len(piece) - 4))
            yield piece[:middle]
            yield piece[middle:]
        else:
            yield piece


def split_emoji(items: Iterable[Delta], every: int) -> Iterator[Delta]:
    """Split each `every`-th character beyond U+FFFF over two deltas, like a sender that cuts escaped JSON."""
    seen = 0
    for steps, piece in items:
        if isinstance(piece, str) and (match := re.search(r"[\U00010000-\U0010ffff]", piece)):
            seen += 1
            if seen % every == 0:
                units = match[0].encode("utf-16-be")
                high, low = (units[at : at + 2].decode("utf-16-be", "surrogatepass") for at in (0, 2))
                yield steps, piece[: match.start()] + high
                yield steps, low + piece[match.end() :]
                continue
        yield steps, piece


def fold(items: Iterable[Delta]) -> Any:
    """Return the document that the deltas build."""
    root: list[Any] = []
    for steps, delta in items:
        here: Any = root
        trail = (0, *steps)
        for step, following in pairwise(trail):
            if step == len(here) if isinstance(here, list) else step not in here:
                fresh: Any = [] if isinstance(following, int) else {}
                here.append(fresh) if isinstance(here, list) else here.update({step: fresh})
            here = here[step]
        last = trail[-1]
        if isinstance(here, list) and last == len(here):
            here.append(delta)
        elif isinstance(delta, str) and (isinstance(here, list) or last in here):
            here[last] += delta
        else:
            here[last] = delta
    return whole(root[0])


def whole(value: Any) -> Any:
    """Join adjacent surrogate halves in each string."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    return [whole(item) for item in value] if isinstance(value, list) else value


# ----------------------------------------------------------------------------------------------------------------------
# deltas -> the bytes of a stream


def chunks(items: Iterable[Delta], span_id: str) -> list[StreamingChunk]:
    """Return the chunks: the first carries the span id and no delta."""
    json_chunks = (StreamingChunk(delta, format_path(steps), chunk_type="json") for steps, delta in items)
    return [StreamingChunk(span_id=span_id), *json_chunks]


def encode(items: Iterable[StreamingChunk]) -> list[bytes]:
    """Return the blocks, with ids from 1."""
    return [encode_sse(ServerSentEvent(chunk, id=str(number))) for number, chunk in enumerate(items, 1)]


def write(name: str, blocks: Iterable[bytes], document: Any, kind: str = "sse") -> None:
    """Write a stream and its document, but no file that is up to date, because a test may be reading it."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    for path, content in (
        (HERE / f"{name}.{kind}", b"".join(blocks)),
        (HERE / "expected" / f"{name}.json", f"{text}\n".encode()),
    ):
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def main() -> None:
    """Write all streams and their documents."""
    (HERE / "expected").mkdir(exist_ok=True)
    rng = random.Random(7)  # noqa: S311  # the same cuts at every run
    done = encode_sse(ServerSentEvent("[DONE]"))

    items = list(deltas(TRIP, rng))
    write("trip", [*encode(chunks(items, "0f6bd1e2-5f0c-4c39-9a57-trip")), done], fold(items))

    items = list(split_emoji(deltas(PEOPLE, rng), every=3))
    blocks = encode(chunks(items, "0f6bd1e2-5f0c-4c39-9a57-people"))
    blocks[0] = b"retry: 3000\n" + blocks[0]
    for at in range(40, len(blocks), 40):
        blocks[at] = b": keepalive\n\n" + blocks[at]
    blocks.insert(len(blocks) // 2, b'event: ping\ndata: {"time": "2026-10-05T11:40:00Z"}\n\n')
    write("people", [*blocks, done], fold(items))

    text_chunks = [StreamingChunk(piece, chunk_type="text") for piece in tokens(TEXT, rng)]
    span = StreamingChunk(span_id="0f6bd1e2-5f0c-4c39-9a57-text")
    write("text", [*encode([span, *text_chunks]), done], TEXT)

    items = list(deltas(RECIPE, rng))
    sent = items[: len(items) // 2]
    failure = StreamingChunk(
        chunk_type="error", error_type="overloaded_error", error_message="The model is overloaded, try again later."
    )
    write("error", encode([*chunks(sent, "0f6bd1e2-5f0c-4c39-9a57-error"), failure]), fold(sent))

    blocks = encode(chunks(items, "0f6bd1e2-5f0c-4c39-9a57-cut"))
    count = len(blocks) * 3 // 4
    write("cut", [*blocks[:count], blocks[count][: len(blocks[count]) // 2]], fold(items[: count - 1]))


if __name__ == "__main__":
    main()
