# Ends a script that outlives its time because no agent is left to end it.
# Usage: sh watch.sh RECORDING-DIRECTORY PID SECONDS GRACE-SECONDS, PID being the script's runner.

# A process number may be used again; a process's start, the 22nd field of its line, is not.
started_at() {
    read -r line <"/proc/$1/stat" || return
    set -- ${line##*) }
    echo "$1 ${20}"
}

ours=$(started_at "$2") || exit 0
sleep "$3"
[ -e "$1/status" ] && exit 0
now=$(started_at "$2") || exit 0
[ "${now#* }" = "${ours#* }" ] || exit 0

echo timeout >"$1/ended-by"
kill -TERM "-$2"
sleep "$4"
now=$(started_at "$2") || exit 0
[ "${now#* }" = "${ours#* }" ] && kill -KILL "-$2"
