# $1 a marker; four arguments a destination: number, path, storage or nothing, seconds to wait for the storage. Looks, changes
# nothing.
mark=$1
shift
look='stamp="[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]_[0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
at=$1
while [ ! -d "$at" ] && [ "$at" != / ]; do at=${at%/*}; [ -n "$at" ] || at=/; done
df -Pk -- "$at" 2>/dev/null | awk "NR == 2 { print \"disk\", \$2, \$4 }"
cd -- "$1" 2>/dev/null || { echo absent; exit 0; }
points=0 newest=
for found in point.$stamp*; do
  [ -d "$found" ] && [ ! -L "$found" ] || continue
  case $found in
    *.in.progress | *.expiring) echo "leftover $found" ;;
    *) points=$((points + 1)) newest=$found ;;
  esac
done
echo "points $points $newest"'
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }
while [ $# -ge 4 ]; do
  printf '%s destination %s\n' "$mark" "$1"
  if [ -z "$3" ]; then
    /bin/sh -c "$look" sh "$2" 2>&1
  else
    ssh -o BatchMode=yes -o "ConnectTimeout=$4" -o "ServerAliveInterval=$4" -o ServerAliveCountMax=1 "$3" \
      "exec /bin/sh -c $(quoted "$look") sh $(quoted "$2")" </dev/null 2>&1
  fi | sed "s/^/$mark > /"
  shift 4
done
printf '%s done\n' "$mark"
