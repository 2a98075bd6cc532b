"""Schemas in the shapes that models are asked to answer in, of all five families, each with a complete document.

`SCHEMAS` lists them. The validators of their classes append the name of their class to `VALIDATED`. So
`validations(schema)` counts how often they run when the document is validated once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum, IntEnum
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, Self, TypedDict, TypeVar, get_origin

import attrs
import msgspec
import pydantic
from cattrs.preconf.json import make_converter
from pydantic import BaseModel, Field, RootModel

__all__ = ["SCHEMAS", "VALIDATED", "Schema", "validations"]

T = TypeVar("T")

VALIDATED: list[str] = []


class Schema(NamedTuple):
    """One schema. `parts` are its lists of objects, as (pattern, type); `converts` if a leaf is not a JSON value."""

    name: str
    family: str
    into: Any
    document: Any
    parts: list[tuple[str, Any]]
    converts: bool

    def expected(self) -> Any:
        """Return what the validator itself makes from the document."""
        return validated(self.family, self.into, self.document)


def validated(family: str, into: Any, value: Any) -> Any:
    if family == "pydantic":
        return pydantic.TypeAdapter(into).validate_python(value)
    if family == "msgspec":
        return msgspec.convert(value, into)
    if attrs.has(get_origin(into) or into):  # cattrs 24.1 does not resolve the types of a generic class
        attrs.resolve_types(get_origin(into) or into)
    return make_converter().structure(value, into)


def validations(schema: Schema) -> int:
    before = len(VALIDATED)
    schema.expected()
    count = len(VALIDATED) - before
    del VALIDATED[before:]
    return count


SCHEMAS: list[Schema] = []


def schema(name: str, family: str, into: Any, document: Any, *parts: tuple[str, Any], converts: bool = False) -> None:
    SCHEMAS.append(Schema(name, family, into, document, list(parts), converts))


def _validated(name: str) -> Callable[[Any, Any, Any], None]:
    return lambda _self, _attribute, _value: VALIDATED.append(name)


# ---------------------------------------------------------------------------------------------------------------------
# attrs


@attrs.frozen
class LineItem:
    description: str = attrs.field(validator=_validated("LineItem"))
    quantity: int
    unit_price: float
    tax_rate: float | None = None


@attrs.define
class Address:
    street: str
    city: str
    postal_code: str
    country: str = "SE"


@attrs.define
class Invoice:
    number: str
    seller: Address
    buyer: Address
    items: list[LineItem]
    notes: list[str] = attrs.Factory(list)
    currency: Literal["EUR", "SEK", "USD"] = "EUR"
    total: float = attrs.field(default=0.0, validator=_validated("Invoice"))


schema(
    "invoice",
    "attrs",
    Invoice,
    {
        "number": "2026-00417",
        "seller": {"street": "Sveavägen 44", "city": "Stockholm", "postal_code": "111 34", "country": "SE"},
        "buyer": {"street": "Rua Augusta 274", "city": "Lisboa", "postal_code": "1100-053", "country": "PT"},
        "items": [
            {"description": "Consulting, October", "quantity": 12, "unit_price": 140.5, "tax_rate": 0.25},
            {"description": "Travel (train, 2nd class)", "quantity": 1, "unit_price": 89.0, "tax_rate": None},
        ],
        "notes": ["Payable within 30 days.", 'Quote "2026-00417" with the payment.'],
        "currency": "EUR",
        "total": 2196.5,
    },
    ("items[*]", LineItem),
)


@attrs.define
class Step:
    instruction: str = attrs.field(validator=_validated("Step"))
    minutes: int | None = None


@attrs.define
class Ingredient:
    name: str
    amount: float | str
    unit: str | None = None


@attrs.define(kw_only=True)
class Recipe:
    title: str
    servings: int = 4
    ingredients: list[Ingredient]
    steps: list[Step]
    tags: set[str] = attrs.Factory(set)


schema(
    "recipe",
    "attrs",
    Recipe,
    {
        "title": "Caldo verde",
        "servings": 6,
        "ingredients": [
            {"name": "potatoes", "amount": 0.75, "unit": "kg"},
            {"name": "kale", "amount": 200.0, "unit": "g"},
            {"name": "salt", "amount": "to taste", "unit": None},
        ],
        "steps": [
            {"instruction": "Boil the potatoes until soft, then mash them in their water.", "minutes": 20},
            {"instruction": "Add the kale, cut as thin as hair.", "minutes": None},
        ],
        "tags": ["soup", "portuguese"],
    },
    ("ingredients[*]", Ingredient),
    ("steps[*]", Step),
    converts=True,
)


@attrs.define
class Comment:
    author: str = attrs.field(validator=_validated("Comment"))
    text: str
    replies: list[Comment] = attrs.Factory(list)


schema(
    "tree of comments",
    "attrs",
    Comment,
    {
        "author": "ana",
        "text": "Does this work on a stream that is cut in the middle of an emoji? 🙂",
        "replies": [
            {"author": "bo", "text": "It does.", "replies": [{"author": "ana", "text": "Thanks!", "replies": []}]},
            {"author": "cy", "text": "", "replies": []},
        ],
    },
    ("replies[*]", Comment),
)


@attrs.frozen
class GraphNode:
    id: int
    label: str
    color: str = "black"


@attrs.frozen
class GraphEdge:
    source: int
    target: int
    label: str


@attrs.frozen
class KnowledgeGraph:
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...] = ()


schema(
    "knowledge graph",
    "attrs",
    KnowledgeGraph,
    {
        "nodes": [
            {"id": 1, "label": "Ada Lovelace", "color": "blue"},
            {"id": 2, "label": "Charles Babbage", "color": "green"},
            {"id": 3, "label": "Analytical Engine", "color": "black"},
        ],
        "edges": [{"source": 1, "target": 3, "label": "wrote about"}, {"source": 2, "target": 3, "label": "designed"}],
    },
    ("nodes[*]", GraphNode),
    ("edges[*]", GraphEdge),
)


@attrs.frozen
class Search:
    tool: Literal["search"]
    query: str
    limit: int = 10


@attrs.frozen
class Fetch:
    tool: Literal["fetch"]
    url: str


@attrs.frozen
class Answer:
    tool: Literal["answer"]
    text: str
    sources: list[str] = attrs.Factory(list)


@attrs.frozen
class ToolCalls:
    thought: str
    calls: list[Search | Fetch | Answer]


schema(
    "tool calls by tag",
    "attrs",
    ToolCalls,
    {
        "thought": "I need the timetable first.",
        "calls": [
            {"tool": "search", "query": "ferry Tallinn Helsinki timetable", "limit": 5},
            {"tool": "fetch", "url": "https://example.org/timetable?day=sat&from=tll"},
            {"tool": "answer", "text": "The first one leaves at 06:00.", "sources": ["https://example.org"]},
        ],
    },
    ("calls[*]", Search | Fetch | Answer),
)


@attrs.define
class Page(Generic[T]):
    items: list[T]
    next: str | None = None


@attrs.define
class Hit:
    title: str
    score: float
    highlights: dict[str, list[str]] = attrs.Factory(dict)


schema(
    "generic page",
    "attrs",
    Page[Hit],
    {
        "items": [
            {"title": "Streams", "score": 0.97, "highlights": {"title": ["<em>Streams</em>"], "body": []}},
            {"title": "Snapshots", "score": 0.5, "highlights": {}},
        ],
        "next": None,
    },
    ("items[*]", Hit),
)


@attrs.define
class CalendarEvent:
    title: str
    start: datetime
    end: datetime | None
    attendees: list[str] = attrs.Factory(list)


schema(
    "calendar",
    "attrs",
    dict[str, list[CalendarEvent]],
    {
        "monday": [
            {"title": "Stand-up", "start": "2026-11-23T09:00:00", "end": "2026-11-23T09:15:00", "attendees": ["a", "b"]}
        ],
        "tuesday": [],
        "wednesday": [{"title": "Dentist", "start": "2026-11-25T14:30:00+01:00", "end": None, "attendees": []}],
    },
    ("*[*]", CalendarEvent),
    converts=True,
)


# ---------------------------------------------------------------------------------------------------------------------
# dataclasses


class Severity(Enum):
    LOW = "low"
    HIGH = "high"
    CRITICAL = "critical"


@dataclasses.dataclass
class Job:
    employer: str
    title: str
    years: tuple[int, int]
    achievements: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        VALIDATED.append("Job")


@dataclasses.dataclass
class Resume:
    name: str
    email: str | None
    jobs: list[Job]
    skills: dict[str, int]
    languages: list[str] = dataclasses.field(default_factory=list)


schema(
    "resume",
    "dataclass",
    Resume,
    {
        "name": "Jane Doe",
        "email": "jane@example.com",
        "jobs": [
            {
                "employer": "Northwind",
                "title": "Engineer",
                "years": [2019, 2023],
                "achievements": ["Cut the bill by half.", "Wrote the manual."],
            },
            {"employer": "Contoso", "title": "Lead", "years": [2023, 2026], "achievements": []},
        ],
        "skills": {"python": 5, "sql": 4},
        "languages": ["en", "pt"],
    },
    ("jobs[*]", Job),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Bug:
    title: str
    severity: Severity
    steps: list[str]
    duplicate_of: int | None = None
    labels: list[Literal["ui", "api", "docs"]] = dataclasses.field(default_factory=list)


schema(
    "bug triage",
    "dataclass",
    list[Bug],
    [
        {
            "title": "Crash on an empty upload",
            "severity": "critical",
            "steps": ["Open the page.", "Send nothing."],
            "duplicate_of": 4711,
            "labels": ["api"],
        },
        {"title": "Typo in the footer", "severity": "low", "steps": [], "duplicate_of": None, "labels": ["ui", "docs"]},
    ],
    ("[*]", Bug),
    converts=True,
)


@dataclasses.dataclass
class ActionItem:
    task: str
    owner: str
    due: str | None = None

    def __post_init__(self) -> None:
        VALIDATED.append("ActionItem")


@dataclasses.dataclass
class MeetingNotes:
    topic: str
    summary: str
    attendees: list[str]
    decisions: list[str] = dataclasses.field(default_factory=list)
    action_items: list[ActionItem] = dataclasses.field(default_factory=list)
    follow_up: bool = False


schema(
    "meeting notes",
    "dataclass",
    MeetingNotes,
    {
        "topic": "Release 2.0",
        "summary": "We agreed on the scope.\nThe date is open until the audit is done.",
        "attendees": ["Ana", "Bo", "Cy"],
        "decisions": ["Drop the old endpoint."],
        "action_items": [
            {"task": "Write the migration guide", "owner": "Bo", "due": "2026-12-01"},
            {"task": "Ask the auditors for a date", "owner": "Ana", "due": None},
        ],
        "follow_up": True,
    },
    ("action_items[*]", ActionItem),
)


@dataclasses.dataclass
class Box:
    label: str
    corners: tuple[float, float, float, float]
    confidence: float
    children: list[Box] = dataclasses.field(default_factory=list)


schema(
    "bounding boxes",
    "dataclass",
    list[Box],
    [
        {
            "label": "person",
            "corners": [10.5, 20.0, 110.25, 220.0],
            "confidence": 0.98,
            "children": [{"label": "face", "corners": [40.0, 22.5, 70.0, 60.0], "confidence": 0.9, "children": []}],
        },
        {"label": "dog", "corners": [0.0, 0.0, 1e3, 1e-3], "confidence": 0.4, "children": []},
    ],
    ("[*]", Box),
)


@dataclasses.dataclass
class Table:
    caption: str
    columns: list[str]
    rows: list[list[str | float | None]]


schema(
    "table",
    "dataclass",
    Table,
    {
        "caption": "Population, millions",
        "columns": ["city", "2000", "2025"],
        "rows": [["Lagos", 7.3, 16.5], ["Dhaka", 10.7, 24.7], ["Atlantis", None, None]],
    },
)


@dataclasses.dataclass
class Circle:
    radius: float
    name: str = "circle"


@dataclasses.dataclass
class Rectangle:
    width: float
    height: float
    name: str = "rectangle"


@dataclasses.dataclass
class Drawing:
    background: Circle | Rectangle | None
    shapes: list[Circle | Rectangle]


schema(
    "shapes distinguished by their names",
    "dataclass",
    Drawing,
    {
        "background": None,
        "shapes": [
            {"radius": 2.5, "name": "sun"},
            {"width": 10.0, "height": 4.5, "name": "house"},
        ],
    },
    ("shapes[*]", Circle | Rectangle),
)


# ---------------------------------------------------------------------------------------------------------------------
# TypedDict


class Slug(str):  # a TypedDict runs no code, but the type of a field does
    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        VALIDATED.append("Slug")
        return super().__new__(cls, text)


class Variant(TypedDict):
    sku: Slug
    size: Literal["S", "M", "L"]
    price: float | None
    stock: NotRequired[int]


class Product(TypedDict):
    name: str
    description: str
    variants: list[Variant]
    attributes: dict[str, str]


schema(
    "product listing",
    "typed dict",
    Product,
    {
        "name": "Rain coat",
        "description": 'A coat that keeps "you" dry \\ warm.',
        "variants": [
            {"sku": "rc-s", "size": "S", "price": 79.9, "stock": 3},
            {"sku": "rc-m", "size": "M", "price": None, "stock": 0},
        ],
        "attributes": {"color": "yellow", "material": "PU"},
    },
    ("variants[*]", Variant),
)


class Query(TypedDict):
    text: str
    filters: NotRequired[dict[str, list[str]]]
    rewritten: NotRequired[str | None]


schema(
    "search queries",
    "typed dict",
    list[Query],
    [
        {"text": "cheap flights to Oslo", "filters": {"month": ["may", "june"]}, "rewritten": "flights OSL May June"},
        {"text": "weather oslo", "filters": {}, "rewritten": None},
    ],
    ("[*]", Query),
)


class Moves(TypedDict, total=False):
    best: str
    score: int
    lines: list[list[str]]


class Analysis(Moves):
    position: str


schema(
    "chess analysis",
    "typed dict",
    Analysis,
    {
        "best": "Nf3",
        "score": -35,
        "lines": [["Nf3", "d5", "g3"], ["e4", "c5"], []],
        "position": "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    },
)


class Question(TypedDict):
    prompt: str
    options: list[str]
    answer: int
    explanation: str | None


class Quiz(TypedDict):
    title: str
    questions: list[Question]
    passing: float


schema(
    "quiz",
    "typed dict",
    Quiz,
    {
        "title": "Rivers",
        "questions": [
            {
                "prompt": "Which is longest?",
                "options": ["Nile", "Rhine"],
                "answer": 0,
                "explanation": "By most counts.",
            },
            {"prompt": "Which flows north?", "options": ["Nile"], "answer": 0, "explanation": None},
        ],
        "passing": 0.5,
    },
    ("questions[*]", Question),
)


class Folder(TypedDict):
    name: str
    size: int
    children: list[Folder]


schema(
    "folder tree",
    "typed dict",
    Folder,
    {
        "name": "/",
        "size": 3,
        "children": [
            {"name": "src", "size": 2, "children": [{"name": "a.py", "size": 1, "children": []}]},
            {"name": "README.md", "size": 1, "children": []},
        ],
    },
    ("children[*]", Folder),
)


class Sentiment(TypedDict):
    label: Literal["positive", "neutral", "negative"]
    score: float
    spans: list[tuple[int, int]]


schema(
    "sentiment by paragraph",
    "typed dict",
    dict[str, Sentiment],
    {
        "p1": {"label": "positive", "score": 0.91, "spans": [[0, 12], [40, 52]]},
        "p 2": {"label": "neutral", "score": 0.5, "spans": []},
    },
    ("*", Sentiment),
)


# ---------------------------------------------------------------------------------------------------------------------
# msgspec


class Receipt(msgspec.Struct, rename="camel"):
    shop_name: str
    paid_on: str
    line_items: list[ReceiptItem]
    grand_total: float
    card_digits: str | None = None


class ReceiptItem(msgspec.Struct, rename="camel", frozen=True):
    item_name: str
    unit_price: float
    count: int = 1

    def __post_init__(self) -> None:
        VALIDATED.append("ReceiptItem")


schema(
    "receipt",
    "msgspec",
    Receipt,
    {
        "shopName": "Mercado da Ribeira",
        "paidOn": "2026-11-21",
        "lineItems": [
            {"itemName": "Bacalhau", "unitPrice": 14.9, "count": 2},
            {"itemName": "Pastel de nata", "unitPrice": 1.4, "count": 6},
        ],
        "grandTotal": 38.2,
        "cardDigits": "4242",
    },
    ("lineItems[*]", ReceiptItem),
)


class CreateFile(msgspec.Struct, tag="create"):
    path: str
    content: str


class DeleteFile(msgspec.Struct, tag="delete"):
    path: str


class RunCommand(msgspec.Struct, tag="run"):
    command: list[str]
    timeout_s: float = 60.0


class Plan(msgspec.Struct):
    goal: str
    actions: list[CreateFile | DeleteFile | RunCommand]


schema(
    "tagged actions",
    "msgspec",
    Plan,
    {
        "goal": "Add a licence",
        "actions": [
            {"type": "create", "path": "LICENSE", "content": "MIT\n\nCopyright …"},
            {"type": "delete", "path": "COPYING"},
            {"type": "run", "command": ["git", "add", "-A"], "timeout_s": 5.0},
        ],
    },
    ("actions[*]", CreateFile | DeleteFile | RunCommand),
)


class Shot(msgspec.Struct, kw_only=True):
    scene: int
    camera: str = "wide"
    dialogue: list[tuple[str, str]] = []
    cut: bool | None = None


class Storyboard(msgspec.Struct):
    title: str
    shots: list[Shot] = []


schema(
    "storyboard",
    "msgspec",
    Storyboard,
    {
        "title": "The cut",
        "shots": [
            {"scene": 1, "camera": "close", "dialogue": [["A", "Now?"], ["B", "Not yet."]], "cut": False},
            {"scene": 2, "camera": "wide", "dialogue": [], "cut": None},
        ],
    },
    ("shots[*]", Shot),
)


class Measurement(msgspec.Struct, forbid_unknown_fields=True):
    sensor: str
    value: float
    unit: Literal["C", "F", "K"] = "C"
    flags: dict[str, bool] = {}


schema(
    "measurements",
    "msgspec",
    list[Measurement],
    [
        {"sensor": "roof", "value": -3.25, "unit": "C", "flags": {"frozen": True}},
        {"sensor": "cellar", "value": 285.0, "unit": "K", "flags": {}},
    ],
    ("[*]", Measurement),
)


class Person(msgspec.Struct):
    name: str
    born: date | None = None
    parents: list[Person] = []


schema(
    "family tree",
    "msgspec",
    Person,
    {
        "name": "Elizabeth",
        "born": "1926-04-21",
        "parents": [
            {"name": "George", "born": "1895-12-14", "parents": []},
            {"name": "?", "born": None, "parents": []},
        ],
    },
    ("parents[*]", Person),
    converts=True,
)


class Envelope(msgspec.Struct, Generic[T]):
    ok: bool
    result: T | None = None
    errors: list[str] = []


schema(
    "generic envelope",
    "msgspec",
    Envelope[Storyboard],
    {
        "ok": True,
        "result": {"title": "x", "shots": [{"scene": 1, "camera": "wide", "dialogue": [], "cut": True}]},
        "errors": ["deprecated"],
    },
    ("result.shots[*]", Shot),
)


# ---------------------------------------------------------------------------------------------------------------------
# pydantic


class Activity(BaseModel):
    title: str
    time: str | None = None
    cost: float = 0.0

    @pydantic.field_validator("title")
    @classmethod
    def _title(cls, title: str) -> str:
        VALIDATED.append("Activity")
        return title


class Day(BaseModel):
    number: int
    title: str
    activities: list[Activity]


class Trip(BaseModel):
    destination: str
    days: list[Day]
    budget: dict[str, float] = Field(default_factory=dict)
    tips: list[str] = []


schema(
    "trip plan",
    "pydantic",
    Trip,
    {
        "destination": "Lisbon",
        "days": [
            {
                "number": 1,
                "title": "Alfama",
                "activities": [
                    {"title": "Castle", "time": "10:00", "cost": 15.0},
                    {"title": "Fado", "time": None, "cost": 0.0},
                ],
            },
            {"number": 2, "title": "Belém", "activities": []},
        ],
        "budget": {"food": 120.0, "transport": 30.5},
        "tips": ["Wear good shoes.", "Buy the day ticket."],
    },
    ("days[*]", Day),
    ("days[*].activities[*]", Activity),
)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = []


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]

schema(
    "pets by discriminator",
    "pydantic",
    list[Pet],
    [{"kind": "cat", "lives": 9}, {"kind": "dog", "tricks": ["sit", "roll"]}, {"kind": "dog", "tricks": []}],
    ("[*]", Pet),
)


class Priority(IntEnum):
    LOW = 1
    HIGH = 2


class Ticket(BaseModel):
    subject: str = Field(alias="Subject line", min_length=1)
    priority: Priority
    assignee: str | None = Field(default=None, validation_alias=pydantic.AliasChoices("assignee", "assigned_to"))
    opened: date


schema(
    "classified ticket",
    "pydantic",
    Ticket,
    {"Subject line": "Printer on fire", "priority": 2, "assigned_to": "Bo", "opened": "2026-11-22"},
    converts=True,
)


class Outline(BaseModel):
    heading: str
    sections: list[Outline] = []


schema(
    "outline",
    "pydantic",
    Outline,
    {
        "heading": "1",
        "sections": [
            {"heading": "1.1", "sections": []},
            {"heading": "1.2", "sections": [{"heading": "a", "sections": []}]},
        ],
    },
    ("sections[*]", Outline),
)


class Result(BaseModel, Generic[T]):
    data: T
    warnings: list[str] = []


schema(
    "generic result",
    "pydantic",
    Result[list[Activity]],
    {
        "data": [{"title": "Swim", "time": "7", "cost": 3.5}, {"title": "Run", "time": None, "cost": 0.0}],
        "warnings": ["cold"],
    },
    ("data[*]", Activity),
)


class Glossary(RootModel[dict[str, list[str]]]):
    pass


schema(
    "glossary", "pydantic", Glossary, {"delta": ["a piece"], "path": ["where it belongs", "a tuple of steps"], "x": []}
)


@pydantic.dataclasses.dataclass
class Vote:
    option: str
    weight: int = Field(default=1, ge=0)

    def __post_init__(self) -> None:
        VALIDATED.append("Vote")


class Poll(BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    question: str
    votes: tuple[Vote, ...]
    closed: bool = False


schema(
    "poll",
    "pydantic",
    Poll,
    {"question": "Tea?", "votes": [{"option": "yes", "weight": 2}, {"option": "no", "weight": 0}], "closed": True},
    ("votes[*]", Vote),
)
