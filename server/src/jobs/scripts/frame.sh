# Around every job: begins at most once, leaves its traces in its own directory.
# begun/ is made by whoever may run (or by the panel, to forbid it); pid says which process it is; result and exit are
# renamed into place, so each is whole or absent.
umask 077
LC_ALL=C
export LC_ALL
dir=$(cd "$(dirname "$0")" && pwd) || exit 1
trap : TERM INT HUP
mkdir "$dir/begun" 2>/dev/null || exit 0

birth() {
  if [ -r "/proc/$1/stat" ]; then
    sed 's/^.*) //' "/proc/$1/stat" | cut -d' ' -f20
  else
    ps -o lstart= -p "$1" | tr -s ' ' '_'
  fi
}

note() { printf '%s\n' "$1" >>"$dir/result.new"; }

# The terminal stays open as 3: screen hangs up on a window whose terminal nobody holds.
exec 3>&1 >>"$dir/log" 2>&1 </dev/null
printf '%s %s %s\n' "$$" "$(birth $$)" "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo -)" >"$dir/pid.new"
mv "$dir/pid.new" "$dir/pid"
: >"$dir/result.new"
job "$@"
code=$?
mv "$dir/result.new" "$dir/result"
printf '%s\n' "$code" >"$dir/exit.new" && mv "$dir/exit.new" "$dir/exit"
