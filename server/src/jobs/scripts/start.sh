# $1 run id, $2 text of job.sh. However often it is called, the job begins once: job.sh makes begun/ first of all.
umask 077
base=$HOME/.tailback/runs
dir=$base/$1
mkdir -p "$dir" || { echo "tailback-start failed"; exit 1; }
snooze() { sleep 0.1 2>/dev/null || sleep 1; }
await() {
  tries=$1
  while [ ! -e "$dir/pid" ] && [ ! -e "$dir/exit" ] && [ "$tries" -gt 0 ]; do
    snooze
    tries=$((tries - 1))
  done
  [ -e "$dir/pid" ] || [ -e "$dir/exit" ]
}
if [ ! -e "$dir/begun" ]; then
  printf '%s' "$2" >"$dir/job.sh.new" && mv "$dir/job.sh.new" "$dir/job.sh" || { echo "tailback-start failed"; exit 1; }
  if command -v screen >/dev/null 2>&1; then
    screen -dmS "tailback-$1" /bin/sh "$dir/job.sh" </dev/null >/dev/null 2>&1
    await 20
  fi
  if [ ! -e "$dir/begun" ]; then
    if command -v setsid >/dev/null 2>&1; then
      setsid /bin/sh "$dir/job.sh" </dev/null >/dev/null 2>&1 &
    else
      nohup /bin/sh "$dir/job.sh" </dev/null >/dev/null 2>&1 &
    fi
  fi
fi
if await 50; then
  now=$(date +%s)
  born=$(stat -c %Y "$dir/pid" 2>/dev/null || stat -f %m "$dir/pid" 2>/dev/null || echo "$now")
  echo "tailback-start begun $((now - born))"
elif [ -e "$dir/begun" ]; then
  echo "tailback-start unclear"
else
  echo "tailback-start waiting"
fi
