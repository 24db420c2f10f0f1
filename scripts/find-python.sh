#!/usr/bin/env bash
# Prints a Python that can make the virtual environment: 3.11 to 3.13, with venv.
#
#   scripts/find-python.sh              the first one found
#   scripts/find-python.sh --not 3.11   one of another minor version
#   PYTHON=/path/to/python3.12 ...      that one, or an error
set -euo pipefail

other_than=""
if [[ "${1:-}" == "--not" ]]; then
    other_than="${2:?--not needs a version, for example 3.11}"
fi

# Prints the minor version (3.12) of a usable interpreter; fails for one that is missing or out of range.
version_of() {
    "$1" -c '
import sys
if not (3, 11) <= sys.version_info[:2] < (3, 14):
    sys.exit(1)
import ensurepip, venv
print("%d.%d" % sys.version_info[:2])
' 2>/dev/null
}

if [[ -n "${PYTHON:-}" ]]; then
    candidates=("$PYTHON")
else
    candidates=(python3 python3.13 python3.12 python3.11 "$HOME"/.pyenv/versions/3.1[123].*/bin/python3)
fi

for candidate in "${candidates[@]}"; do
    if version="$(version_of "$candidate")" && [[ "$version" != "$other_than" ]]; then
        command -v "$candidate"
        exit 0
    fi
done

{
    if [[ -n "${PYTHON:-}" ]]; then
        echo "PYTHON is $PYTHON, which is not a Python 3.11, 3.12 or 3.13 with the venv module."
    elif [[ -n "$other_than" ]]; then
        echo "No Python from 3.11 to 3.13 other than $other_than is installed."
    else
        echo "No Python 3.11, 3.12 or 3.13 with the venv module was found (python3 is $(python3 --version 2>&1 | tail -1))."
        echo "Install one (Debian, Ubuntu: apt install python3.11 python3.11-venv), or name it: make compile PYTHON=/path/to/python3.12"
    fi
} >&2
exit 1
