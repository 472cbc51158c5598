# Runs one command and records how it ended, so that the agent that started it may die meanwhile.
# Usage: sh runner.sh RECORDING-DIRECTORY WORKING-DIRECTORY RECORDER-PID COMMAND [ARGUMENT...]
# Variables carry a prefix: an assignment to a name the script exports would change what it sees.

# Whoever creates the mark runs the command; a second runner for the same script leaves.
set -C
read -r rollway_runner_boot </proc/sys/kernel/random/boot_id
read -r rollway_runner_stat <"/proc/$$/stat"
{ echo "$rollway_runner_boot $rollway_runner_stat" >"$1/started"; } 2>/dev/null || exit 0
set +C
read -r rollway_runner_stat <"/proc/$3/stat"
echo "$rollway_runner_boot $rollway_runner_stat" >>"$1/started"

# Handlers, not '': an ignored signal would be ignored by the script too. They run after the
# command has ended, so a signal to the group ends the command and leaves this shell to record it.
trap : HUP INT QUIT TERM

# The shell's own remarks ("Terminated") do not belong to the script's output. They go where the
# shell that waits has its errors, so the command has its own in a shell of its own.
exec 3>&2 2>/dev/null
rollway_runner_record=$1
cd "$2" || { echo "the working directory $2 is gone" >&3; echo 126 >"$1/status"; exit 126; }
unset OLDPWD
shift 3
( exec "$@" 2>&3 3>&- )
rollway_runner_status=$?

# A line is one write; without its newline it does not count.
echo "$rollway_runner_status" >"$rollway_runner_record/status"

# What is printed from here on is a background child's. The mark that says so is written down before
# it is printed, so that whoever finds it in the output knows it.
trap '' PIPE
read -r rollway_runner_mark </proc/sys/kernel/random/uuid
rollway_runner_mark="[the script has ended $rollway_runner_mark]"
echo "$rollway_runner_mark" >>"$rollway_runner_record/status"
echo "$rollway_runner_mark"
