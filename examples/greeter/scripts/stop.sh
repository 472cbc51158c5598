#!/bin/sh
# Runs from the revision that is installed, before the next one is.
[ -f "$SITE.pid" ] || exit 0
pid=$(cat "$SITE.pid")
kill "$pid" && while kill -0 "$pid"; do sleep 0.1; done
rm -f "$SITE.pid"
