"""The longer texts of `--help`."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ASSEMBLE",
    "ASSEMBLE_EXAMPLES",
    "EXAMPLES",
    "EXIT_CODES",
    "SPLIT",
    "SPLIT_EXAMPLES",
    "WATCH",
    "WATCH_EXAMPLES",
]

EXIT_CODES: Final = """\
exit codes:
  0    success, or the reader of the output has closed it early
  1    the stream failed, was cut off, contained a bad event (that was not skipped)
       or no document, or is followed by more streams; a part of an answer was cut
       off, or is not JSON; what came so far is still printed, then one line on
       standard error for each problem, with the number of the event and its byte
       offset
  2    a mistake in the arguments, or a file that can't be read or written
  130  interrupted by Ctrl-C; `watch` restores the terminal, also when another
       signal ends it: 143 for SIGTERM, 129 for SIGHUP, 131 for SIGQUIT
"""

EXAMPLES: Final = """\
examples:
  streamjson watch examples/trip.sse
  streamjson assemble examples/trip.sse > trip.json
  streamjson assemble https://api.example/stream --every 1
  streamjson watch https://api.example/chat -H @headers.txt -d @question.json
  streamjson watch examples/anthropic.sse
  streamjson split trip.json | streamjson watch - --speed 200
"""

ASSEMBLE: Final = """\
Print the document that a stream of Server-Sent Events builds, as JSON;
with --from text, the document whose JSON text arrives in pieces.
A stream of a model's API is recognized by its first event: OpenAI Chat
Completions and compatible servers, OpenAI Responses, Anthropic Messages,
Gemini, Bedrock, Cohere, Ollama, Opper, ADK, AG-UI and the AI SDK. The parts of
its answer are printed as an array: each text, and each call with its arguments
as `value`, with how it ended.
Standard input is read as it arrives. A URL is asked by GET, or with -d by POST;
a stream that breaks is continued if its server can replay it, but a POST is
never sent twice, unless --resume says how. Standard output is always UTF-8.
A bad event ends the reading, and the document before it is printed. With
--on-invalid skip it is skipped, and reported on standard error at the end.
With --all, a log of several streams, separated by blank lines, is printed with
one line for each document. A document that failed is reported on standard error
instead, with its number, and the exit code is 1; the others are still printed.
"""

ASSEMBLE_EXAMPLES: Final = """\
examples:
  streamjson assemble examples/trip.sse
  streamjson assemble examples/trip.sse --compact | jq .budget.total
  for f in *.sse; do cat $f; echo; echo; done | streamjson assemble - --all
  streamjson assemble https://api.example/stream --every 10
  streamjson assemble https://api.example/v1/chat -H "Authorization: Bearer $KEY" \\
      -d '{"model": "m", "stream": true, "messages": []}'
  streamjson assemble answer.md --from text --wrapper fence
  streamjson assemble log.jsonl --from text --all
  streamjson assemble examples/anthropic.sse | jq '.[] | select(.kind == "call")'
"""

WATCH: Final = """\
Show the document of an event stream, or with --from text that of a JSON
text, while it grows. The changing line is marked; each finished
part is folded into one line with a tick; the view follows the change.
Of a stream of a model's API, it shows the parts of the answer: the texts, and
the calls by name with their arguments; see `streamjson assemble --help`.
Without a terminal, `watch` prints the result, as `streamjson assemble` does.
Needs the extra `cli`: pip install 'streamjson-assembler[cli]'
"""

WATCH_EXAMPLES: Final = """\
examples:
  streamjson watch examples/trip.sse
  streamjson watch examples/people.sse --speed 20
  streamjson watch https://api.example/stream
  streamjson watch trip.json --from text
  streamjson watch examples/openai_chat.sse --speed 20
  streamjson watch examples/trip.sse --export trip.svg
"""

SPLIT: Final = """\
Write the event stream that builds a JSON document: the inverse of `assemble`,
and a source of test data.
"""

SPLIT_EXAMPLES: Final = """\
examples:
  streamjson split trip.json > trip.sse
  echo '{"name": "Jane Doe"}' | streamjson split - --piece-chars 2 --no-done
"""
