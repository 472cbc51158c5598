# Ends a script that outlives its time because no agent is left to end it.
# Usage: sh watch.sh RECORDING-DIRECTORY SECONDS GRACE-SECONDS
# It is here before the script is, so only afterwards does it ask who runs it.

# By the minute, so that it is soon gone if the script has ended and nobody was left to say so.
left=$2
until [ -e "$1/status" ] || [ "$left" -le 0 ]; do
    step=$((left < 60 ? left : 60))
    sleep "$step"
    left=$((left - step))
done
[ -e "$1/status" ] && exit 0
read -r mark <"$1/started" || exit 0
pid=${mark#* }
pid=${pid%% *}

# A process number may be used again; a process's start, the 22nd field of its line, is not.
start_in() {
    set -- ${1##*) }
    echo "${20}"
}
is_running() {
    read -r line <"/proc/$pid/stat" && [ "$(start_in "$line")" = "$(start_in "$mark")" ]
}

is_running || exit 0
echo timeout >"$1/ended-by"
kill -TERM "-$pid"
sleep "$3"
is_running && kill -KILL "-$pid"
