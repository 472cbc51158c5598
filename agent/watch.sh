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
read -r now _ </proc/uptime
echo "timeout $now" >"$1/ended-by"

members() {
    for process in /proc/[0-9]*; do
        read -r line <"$process/stat" || continue
        set -- ${line##*) }
        [ "$3" = "$pid" ] && [ "$1" != Z ] && echo "$process"
    done
}
# Whom this user may not signal was started with sudo, and is sent it with sudo.
send() {
    kill -s "$1" -- "-$pid"
    [ "$(id -u)" = 0 ] && return
    for owner in $(stat -c %u $(members) | sort -u); do
        [ "$owner" = "$(id -u)" ] || sudo -n -u "#$owner" -- kill -s "$1" -- "-$pid"
    done
}

# Numbers are given out in turn. One that was our group's a second ago is nobody else's now, also
# if the runner, whose number it was, has ended before the rest.
send TERM
left=$3
while [ "$left" -gt 0 ]; do
    sleep 1
    [ "$(members)" ] || exit 0
    left=$((left - 1))
done
send KILL
