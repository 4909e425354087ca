#!/bin/sh
# Runs an "image" as a process on this machine, for a test of what drives Docker where there is none. $GATEWAY is the
# command that is in the image, and $STATE a folder for the one container.
command=$1
shift
end() {
  [ -s "$STATE/code" ] || kill "-$1" "$(cat "$STATE/pid")"
  until [ -s "$STATE/code" ]; do sleep 0.1; done
}
case $command in
run)
  [ "$1" = --detach ] && detached=true
  while [ "$1" != the-image ]; do shift; done
  shift
  [ "$detached" ] || exec $GATEWAY "$@"
  (
    $GATEWAY "$@" >"$STATE/log" 2>&1 &
    echo $! >"$STATE/pid"
    wait $!
    echo $? >"$STATE/code"
  ) >"$STATE/out" 2>&1 &
  echo the-container
  ;;
port)
  until grep -qs '"url"' "$STATE/log" || [ -e "$STATE/code" ]; do sleep 0.1; done
  sed -nE 's#.*"url":"http://([^/"]+)/.*#\1#p' "$STATE/log" | head -1
  ;;
stop) end TERM ;;
inspect) cat "$STATE/code" ;;
logs) cat "$STATE/log" ;;
rm) end KILL ;;
esac
