#!/bin/sh
# PORT and SITE are variables that the host's agent was started with (--env). A server that goes on
# must let go of the script's output, or the event waits for it.
nohup python3 -m http.server "$PORT" --bind 127.0.0.1 --directory "$SITE" >"$SITE.log" 2>&1 &
echo $! >"$SITE.pid"
