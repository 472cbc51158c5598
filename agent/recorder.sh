# Writes down what a script prints, for as long as anybody can print there.
# Usage: sh recorder.sh RECORDING-DIRECTORY MOST-BLOCKS <PIPE >>OUTPUT

# It ends when the last one who prints has ended. If a signal ended it before, they would get SIGPIPE.
trap '' HUP INT QUIT TERM XFSZ
ulimit -f "$2"
cat && exit

# The file takes no more: the limit is reached or the disk full. Nobody is to be held up by that.
: >"$1/cut"
exec cat >/dev/null
