# $1 a marker that no log can contain; then three arguments a run: id, bytes of its log already read, order.
# Orders: look; stop and kill signal the job's group; forbid and stop make a job that has not begun never begin.
mark=$1
shift
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo -)
say() { printf '%s %s\n' "$mark" "$*"; }
birth() {
  if [ -r "/proc/$1/stat" ]; then
    sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
  else
    ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' '_'
  fi
}
# dash takes a group only in this form, older shells only in the other.
signal_group() { kill -s "$1" -- "-$2" 2>/dev/null || kill "-$1" "-$2" 2>/dev/null; }
exists() { kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ]; }
modified() { stat -c %Y "$1" 2>/dev/null || stat -f %m "$1" 2>/dev/null; }
say clock "$(date +%s)"
while [ $# -ge 3 ]; do
  id=$1 offset=$2 order=$3
  shift 3
  dir=$HOME/.tailback/runs/$id
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
            [ "$(birth "$pid")" = "$born" ] && alive=yes
          elif signal_group 0 "$pid"; then
            alive=yes
          fi
        else
          say rebooted yes
        fi
        ;;
    esac
    say started "$(modified "$dir/pid")"
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
  if [ -L "$dir/exit" ]; then
    say exit link
  elif [ -f "$dir/exit" ]; then
    size=$(wc -c <"$dir/exit" | tr -d ' ')
    if [ ! -r "$dir/exit" ]; then say exit unreadable
    elif [ "$size" -gt 64 ]; then say exit "huge $size"
    else say exit "value $(tr -c '0-9A-Za-z+-' '.' <"$dir/exit")"
    fi
    say ended "$(modified "$dir/exit")"
  elif [ -e "$dir/exit" ]; then
    say exit odd
  fi
  if [ -f "$dir/result" ] && [ ! -L "$dir/result" ]; then
    head -c 65536 "$dir/result" | while IFS= read -r line; do say result "$line"; done
  fi
  if [ $alive = yes ] && [ -f "$dir/part" ]; then
    part=$(head -n 1 "$dir/part")
    say part "$(du -sk -- "$part" 2>/dev/null | cut -f1)"
  fi
  if [ -f "$dir/log" ] && [ ! -L "$dir/log" ]; then
    size=$(wc -c <"$dir/log" | tr -d ' ')
    if [ $alive = yes ]; then bound=8192; else bound=262144 offset=0; fi
    [ "$offset" -le "$size" ] || offset=0
    [ $((size - offset)) -le $bound ] || offset=$((size - bound))
    say log "$offset" "$size"
    tail -c "+$((offset + 1))" "$dir/log" | head -c $bound
    printf '\n'
  fi
  say end
done
say done
