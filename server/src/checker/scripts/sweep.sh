# Every argument is the id of a run that has ended long ago: its directory goes.
for id in "$@"; do
  case $id in *[!0-9A-Z]* | '') continue ;; esac
  [ -d "$HOME/.tailback/runs/$id" ] && [ ! -L "$HOME/.tailback/runs/$id" ] && rm -rf "$HOME/.tailback/runs/$id"
  [ -e "$HOME/.tailback/runs/$id" ] || echo "swept $id"
done
