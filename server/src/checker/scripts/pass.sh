# $1 a marker that no log can contain, $2 how many runs; four arguments a run: id, file and bytes of its log that were read
# before, order; then eight arguments a watched job: schedule, process known before, screen session, pattern of a process, log,
# file and bytes of it that were read before, exit file.
# Orders: look; stop and kill signal the job's group; forbid and stop make a job that has not begun never begin.
mark=$1 runs=$2
shift 2
base=$HOME/.tailback/runs
say() { printf '%s %s\n' "$mark" "$*"; }
boot=-
[ ! -r /proc/sys/kernel/random/boot_id ] || read -r boot </proc/sys/kernel/random/boot_id
# birth PID: sets born_now to when that process began.
birth() {
  born_now=
  if [ -r "/proc/$1/stat" ]; then
    read -r stat 2>/dev/null <"/proc/$1/stat" || return
    # The name of a program is in brackets and may hold anything; the time is the 20th word after it.
    set -f
    set -- ${stat##*) }
    set +f
    shift 19
    born_now=$1
  else
    born_now=$(ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' '_')
  fi
}
# dash takes a group only in this form, older shells only in the other.
signal_group() { kill -s "$1" -- "-$2" 2>/dev/null || kill "-$1" "-$2" 2>/dev/null; }
exists() { kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ]; }
modified() { stat -c %Y "$1" 2>/dev/null || stat -f %m "$1" 2>/dev/null; }
# $1 exit file: what it says, and when it was written.
tell_exit() {
  if [ -L "$1" ]; then
    say exit link
  elif [ -f "$1" ]; then
    size=$(wc -c <"$1" 2>/dev/null | tr -d ' ')
    if [ ! -r "$1" ]; then say exit unreadable
    elif [ "$size" -gt 64 ]; then say exit "huge $size"
    else say exit "value $(tr -c '0-9A-Za-z+-' '.' <"$1")"
    fi
    say ended "$(modified "$1")"
  elif [ -e "$1" ]; then
    say exit odd
  fi
}
# tell_log LOG FILE BYTES MOST: what is new since that much of that file was read; all of it when it was rotated or cut.
tell_log() {
  [ -f "$1" ] && [ ! -L "$1" ] && [ -r "$1" ] || return 0
  measured=$(stat -c '%i|%s' "$1" 2>/dev/null || stat -f '%i|%z' "$1" 2>/dev/null)
  file=${measured%%|*} size=${measured#*|} from=$3
  [ -n "$size" ] || return 0
  [ "$2" = "$file" ] && [ "$from" -le "$size" ] || from=0
  [ $((size - from)) -le "$4" ] || from=$((size - $4))
  say log "$from" "$size" "$file"
  [ "$from" -eq "$size" ] || tail -c "+$((from + 1))" "$1" | head -c $((size - from))
  printf '\n'
}
say clock "$(date +%s)"
# Most runs go on and say nothing new. They are found all at once, so that hundreds can be looked at every second: the same process
# lives, there is no exit file, and the log is as long as it was.
wanted= paths= left=$runs
for word in "$@"; do
  [ "$left" -gt 0 ] || break
  case $((n = ${n:-0} + 1)) in
    1) id=$word ;;
    2) file=$word ;;
    3) offset=$word ;;
    4)
      n=0 left=$((left - 1))
      [ "$word" = look ] && wanted="$wanted$id|$file|$offset
" paths="$paths $id/log $id/exit $id/part"
      ;;
  esac
done
quiet=
if [ -n "$wanted" ] && [ "$boot" != - ] && cd "$base" 2>/dev/null; then
  quiet=$({
    printf '%s' "$wanted"
    stat -c '%n|%i|%s' $paths 2>/dev/null
  } | awk -F'|' -v boot="$boot" '
    $1 !~ /\// { order[++count] = $1; log_before[$1] = $2 "|" $3; next }
    { split($1, part, "/"); if (part[2] == "log") log_now[part[1]] = $2 "|" $3; else loud[part[1]] = 1 }
    END {
      for (n = 1; n <= count; n++) {
        id = order[n]
        if (id in loud || log_now[id] != log_before[id]) continue
        file = id "/pid"
        got = getline line <file
        close(file)
        if (got <= 0 || split(line, said, " ") != 3 || said[3] != boot || said[1] !~ /^[0-9]+$/) continue
        file = "/proc/" said[1] "/stat"
        got = getline line <file
        close(file)
        if (got <= 0) continue
        sub(/^.*\) /, "", line)
        split(line, now, " ")
        if (now[20] == said[2] && now[1] != "Z") printf " %s", id
      }
    }')
  [ -z "$quiet" ] || say "quiet$quiet"
fi
while [ "$runs" -gt 0 ]; do
  id=$1 file=$2 offset=$3 order=$4
  runs=$((runs - 1))
  shift 4
  case "$quiet " in *" $id "*) continue ;; esac
  dir=$base/$id
  say run "$id"
  case $order in
    stop | kill | forbid)
      if [ ! -e "$dir/begun" ]; then
        (umask 077; mkdir -p "$dir") && mkdir "$dir/begun" 2>/dev/null && { : >"$dir/forbidden"; }
      fi
      ;;
  esac
  if [ ! -e "$dir/begun" ]; then
    say begun no
    say end
    continue
  fi
  if [ -e "$dir/forbidden" ]; then
    say begun forbidden
    say end
    continue
  fi
  say begun yes
  # The process first and its exit file afterwards: whoever is seen gone has left its last word already.
  alive=no
  if [ -f "$dir/pid" ]; then
    pid= born= booted=
    read -r pid born booted <"$dir/pid"
    case $pid in
      '' | *[!0-9]*) say pid damaged ;;
      *)
        if [ "$booted" = "$boot" ]; then
          if exists "$pid"; then
            birth "$pid"
            [ "$born_now" = "$born" ] && alive=yes
          elif signal_group 0 "$pid"; then
            alive=yes
          fi
        else
          say rebooted yes
        fi
        ;;
    esac
    [ "$order" = look ] || say started "$(modified "$dir/pid")"
  else
    # It has only just begun, or was killed before it could say who it is.
    say nopid $(($(date +%s) - $(modified "$dir/begun")))
  fi
  say alive $alive
  case $order:$alive in
    # A stopped process hears nothing until it goes on.
    stop:yes) signal_group TERM "$pid"; signal_group CONT "$pid" ;;
    kill:yes) signal_group KILL "$pid" ;;
  esac
  tell_exit "$dir/exit"
  if [ -f "$dir/result" ] && [ ! -L "$dir/result" ]; then
    head -c 65536 "$dir/result" | while IFS= read -r line; do say result "$line"; done
  fi
  if [ $alive = yes ]; then
    if [ -f "$dir/part" ]; then
      read -r part <"$dir/part"
      say part "$(du -sk -- "$part" 2>/dev/null | cut -f1)"
    fi
    tell_log "$dir/log" "$file" "$offset" 65536
  else
    # The verdict needs the end, whatever was read before.
    tell_log "$dir/log" - 0 262144
  fi
  say end
done
age() { ps -o etimes= -p "$1" 2>/dev/null | tr -d ' '; }
group() { ps -o pgid= -p "$1" 2>/dev/null | tr -d ' '; }
sessions() { screen -ls 2>/dev/null | name=$1 awk '{ dot = index($1, "."); if (dot && substr($1, dot + 1) == ENVIRON["name"]) print substr($1, 1, dot - 1) }'; }
while [ $# -ge 8 ]; do
  schedule=$1 known=$2 name=$3 pattern=$4 log=$5 file=$6 offset=$7 exit=$8
  shift 8
  say watched "$schedule"
  found= first=
  # Where a process may be seen to begin, the log comes first: what is read later is the new run's. Otherwise it comes last, so that
  # the last words are there when an end is seen.
  order=last
  [ -z "$known" ] && [ -n "$name$pattern" ] && order=first
  [ $order = last ] || [ -z "$log" ] || tell_log "$log" "$file" "$offset" 262144
  if [ -n "$name" ]; then
    found=$(sessions "$name")
  elif [ -n "$pattern" ]; then
    found=$(pgrep -f -- "$pattern" 2>/dev/null)
    [ $? -le 1 ] || say problem "pgrep does not take the pattern, or is missing"
  fi
  # A job is its process group: what it starts matches the pattern often enough, and may outlive its parent.
  for pid in $found; do
    its=$(group "$pid") && [ -n "$its" ] || continue
    if [ -z "$first" ]; then
      birth "$pid"
      first=$its:$born_now oldest=$pid
    fi
    [ "${known%%:*}" = "$its" ] && first=$known oldest=$pid && break
  done
  [ -z "$first" ] || { say process "$first"; say age "$(age "$oldest")"; }
  if [ -n "$exit" ]; then
    tell_exit "$exit"
    [ ! -f "$exit" ] || say exitmark "$(stat -c %Y.%s.%i "$exit" 2>/dev/null || stat -f %m.%z.%i "$exit" 2>/dev/null)"
  fi
  [ $order = first ] || [ -z "$log" ] || tell_log "$log" "$file" "$offset" 262144
  say end
done
say done
