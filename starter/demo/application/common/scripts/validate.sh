#!/bin/sh
# Asks the shop whether it can show its catalog; its answer is the last line of the output.
set -eu
exec "${PYTHON:-python3}" -B "$(dirname "$0")/check_health.py" "http://127.0.0.1:$PORT/health"
