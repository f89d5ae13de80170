# $1 destination, $2 storage or nothing, $3 point, $4 how many to keep or nothing, $5 KiB/s or nothing; then rsync's arguments,
# --, the sources.
job() {
  dest=$1 storage=$2 point=$3 keep=$4 limit=$5
  shift 5
  command -v rsync >/dev/null 2>&1 || { echo "rsync: command not found"; return 127; }
  open_point
  code=$?
  case $code in
    0) ;;
    255) return 255 ;;
    *) return 11 ;;
  esac
  [ -n "$limit" ] && set -- "--bwlimit=$limit" "$@"
  # What interrupted runs left behind saves copying it again; rsync takes 20 such directories, so the last few.
  old_leftovers=$(($(grep -c '^leftover ' "$dir/found" || :) - 10))
  while read -r what name; do
    case $what in
      newest) ;;
      leftover)
        old_leftovers=$((old_leftovers - 1))
        [ $old_leftovers -ge 0 ] && continue
        ;;
      *) continue ;;
    esac
    set -- "--link-dest=$dest/$name" "$@"
  done <"$dir/found"
  target=$part/
  [ -n "$storage" ] && target=$storage:$part/ && set -- -s -e "ssh $ssh_options" "$@"
  rsync -aHR --numeric-ids --no-inc-recursive --no-human-readable --stats --info=progress2 "$@" "$target"
  code=$?
  case $code in
    0 | 23 | 24 | 25) close_point || return 11 ;;
  esac
  return $code
}
