# $1 destination, $2 storage or nothing, $3 point, $4 how many to keep or nothing, $5 KiB/s or nothing; then rsync's arguments,
# --, the sources. Looks at what is there and asks rsync what it would do; makes, renames and removes nothing.
dest=$1 storage=$2 point=$3
shift 5
newest_script='cd -- "$1" 2>/dev/null || { echo "destination it is not there yet; the first run makes it"; exit 0; }
newest=
for found in point.[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]_*; do
  case $found in *.in.progress | *.expiring) ;; *) [ -d "$found" ] && [ ! -L "$found" ] && newest=$found ;; esac
done
echo "newest $newest"
set -- $(df -Pk . 2>/dev/null | tail -n 1)
[ $# -ge 4 ] && echo "free $4"
[ -w . ] || echo "destination this account may not write there"'
looked=$(there "$newest_script" "$dest") || { echo "tailback-rehearsal storage"; exit 0; }
printf '%s\n' "$looked"
command -v rsync >/dev/null 2>&1 || { echo "tailback-rehearsal 127"; exit 0; }
newest=$(printf '%s\n' "$looked" | sed -n 's/^newest //p')
[ -n "$newest" ] && set -- "--link-dest=$dest/$newest" "$@"
target=$dest/$point.in.progress/
[ -n "$storage" ] && target=$storage:$target && set -- -s -e "ssh $ssh_options" "$@"
set -- rsync --dry-run -aHR --numeric-ids --no-inc-recursive --no-human-readable --stats "$@" "$target"
# A look at millions of files takes longer than anybody waits for.
command -v timeout >/dev/null 2>&1 && set -- timeout 15 "$@"
{ LC_ALL=C "$@" 2>&1; echo "tailback-rehearsal $?"; } | tail -c 60000
