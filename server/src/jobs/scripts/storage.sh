# Where points are kept: in $dest on this server, or on $storage (user@host), which this server reaches with keys of its own.
# Only directories whose names are those of points are ever renamed or removed, and nothing outside $dest.
ssh_options='-o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4'

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# there SCRIPT ARGUMENT... (A shell has no variables of a function's own: $code is the job's.)
there() {
  script=$1
  shift
  if [ -z "$storage" ]; then
    /bin/sh -c "$script" sh "$@"
    return
  fi
  line="exec /bin/sh -c $(quoted "$script") sh"
  for word in "$@"; do line="$line $(quoted "$word")"; done
  ssh $ssh_options "$storage" "$line"
}

names='stamp="[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]_[0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
is_whole() { [ -d "$1" ] && [ ! -L "$1" ] && case $1 in *.in.progress | *.expiring) false ;; esac }
is_part() { [ -d "$1" ] && [ ! -L "$1" ]; }
remove() { rm -rf -- "$1" 2>/dev/null || { find "$1" -type d -exec chmod u+rwx {} + ; rm -rf -- "$1"; }; }
umask 077
'

# $1 directory, $2 wished name. Prints what is there, and last the name that is free: local time comes twice when clocks go
# back, and a point is never moved into another.
open_script=$names'mkdir -p -- "$1" && cd -- "$1" || exit 1
point=$2 again=1 newest=
while [ -e "$point" ] || [ -L "$point" ]; do again=$((again + 1)); point=$2-again-$again; done
for found in point.$stamp*; do
  case $found in
    *.in.progress) is_part "$found" && echo "leftover $found" ;;
    *) is_whole "$found" && newest=$found ;;
  esac
done
[ -z "$newest" ] || echo "newest $newest"
[ -d "$point.in.progress" ] || mkdir -- "$point.in.progress" || exit 1
echo "point $point"'

# $1 directory, $2 point, $3 how many to keep or nothing. Names sort by time.
close_script=$names'cd -- "$1" && mv -- "$2.in.progress" "$2" || exit 1
echo "point=$2"
for found in point.$stamp*.in.progress; do is_part "$found" && remove "$found"; done
for found in point.$stamp*.expiring; do is_part "$found" && remove "$found" && echo "removed=${found%.expiring}"; done
[ -n "$3" ] || exit 0
count=0
for found in point.$stamp*; do is_whole "$found" && count=$((count + 1)); done
for found in point.$stamp*; do
  [ $count -gt "$3" ] || break
  is_whole "$found" && [ "$found" != "$2" ] || continue
  count=$((count - 1))
  mv -- "$found" "$found.expiring" && remove "$found.expiring" && echo "removed=$found" || echo "cannot remove $found" >&2
done
exit 0'

# open_point: sets point and part, and prints to $dir/found what may be linked to.
open_point() {
  there "$open_script" "$dest" "$point" >"$dir/found" || return
  point=$(sed -n 's/^point //p' "$dir/found")
  part=$dest/$point.in.progress
}

# close_point: the point is whole from here on; older ones go.
close_point() {
  there "$close_script" "$dest" "$point" "$keep" >"$dir/closed"
  closed=$?
  while IFS= read -r line; do note "$line"; done <"$dir/closed"
  return $closed
}

drop_point() { there 'rm -rf -- "$1"' "$part"; }
