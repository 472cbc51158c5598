#!/bin/sh
# A script runs in the directory of its revision; its exit status is the verdict.
grep -q "<h1>" page/index.html || { echo "the page has no heading"; exit 1; }
