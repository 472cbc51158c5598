#!/bin/sh
# Starts the shop in a session of its own: it goes on when this script has ended.
set -eu
cd "$SHOP_HOME"
setsid "${PYTHON:-python3}" -B app/shop.py </dev/null >>shop.log 2>&1 &
echo $! >shop.pid
echo "started the shop $(cat app/VERSION) as process $!"
