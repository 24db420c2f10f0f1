"""Write a file as a note on the merge request that the job runs for, or over the note that the job wrote before.

What is taken for the job's own note was written by the user of REVIEW_TOKEN and begins with the marker.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

from scripts.review.markdown import MARKER

API = os.environ["CI_API_V4_URL"]
NOTES = (
    f"{API}/projects/{os.environ['CI_PROJECT_ID']}/merge_requests/{os.environ['CI_MERGE_REQUEST_IID']}/notes"
)
SECONDS = 60


def call(method: str, url: str, data: object = None) -> Any:
    """What GitLab answers. Raises OSError."""
    headers = {"PRIVATE-TOKEN": os.environ["REVIEW_TOKEN"], "Content-Type": "application/json"}
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - the job's own GitLab
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        return json.load(answer)


def own() -> int | None:
    """The note that the job wrote before."""
    user = call("GET", f"{API}/user")["id"]
    page = 1
    while notes := call("GET", f"{NOTES}?sort=asc&per_page=100&page={page}"):
        for note in notes:
            if note["author"]["id"] == user and note["body"].startswith(MARKER):
                return int(note["id"])
        page += 1
    return None


def main(file: Path) -> None:
    """Write the note; ends with what is wrong where GitLab refuses it."""
    data = {"body": file.read_text(encoding="utf-8")}
    try:
        note = own()
        if note is None:
            call("POST", NOTES, data)
        else:
            call("PUT", f"{NOTES}/{note}", data)
    except OSError as error:
        sys.exit(f"{NOTES}: {error}; REVIEW_TOKEN needs the role Reporter and the scope api")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
