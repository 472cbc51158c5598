#!/bin/sh
# The server must answer within ten seconds, with a page that has a heading.
look='import sys, urllib.request as web; print(web.urlopen(sys.argv[1]).read().decode())'
for _ in 1 2 3 4 5 6 7 8 9 10; do
  page=$(python3 -c "$look" "http://127.0.0.1:$PORT/" 2>/dev/null) && break
  sleep 1
done
echo "$page" | grep "<h1>" || { echo "no heading in: $page"; exit 1; }
