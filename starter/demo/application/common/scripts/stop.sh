#!/bin/sh
# Stops the shop and returns when its port is free again.
set -eu
cd "$SHOP_HOME"
if [ ! -f shop.pid ]; then
    echo "the shop is not running"
    exit 0
fi
pid=$(cat shop.pid)
kill "$pid" 2>/dev/null || true
tries=30
while kill -0 "$pid" 2>/dev/null && [ "$tries" -gt 0 ]; do
    sleep 0.1
    tries=$((tries - 1))
done
kill -KILL "$pid" 2>/dev/null || true
rm -f shop.pid
echo "stopped the shop, process $pid"
