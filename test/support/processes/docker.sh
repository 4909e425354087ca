#!/bin/sh
# Runs an "image" as a process on this machine, in place of Docker. $GATEWAY is the command in the image, which gets the user as
# $AS and the network as $NETWORK. $STATE is a folder for the one container. If $ISOLATED is set, the command has a network of
# its own.
command=$1
shift
end() {
  [ -s "$STATE/code" ] || kill "-$1" "$(cat "$STATE/pid")"
  until [ -s "$STATE/code" ]; do sleep 0.1; done
}
address() {
  until grep -qs '"url"' "$STATE/log" || [ -e "$STATE/code" ]; do sleep 0.1; done
  sed -nE 's#.*"url":"http://([^/"]+)/.*#\1#p' "$STATE/log" | head -1
}
inside() {
  PORT=$(address | sed 's/.*://')
  export PORT
  if [ "$ISOLATED" ]; then nsenter --net --target "$(cat "$STATE/pid")" -- "$@"; else "$@"; fi
}
case $command in
run)
  while [ "$1" != the-image ]; do
    case $1 in
    --detach) detached=true ;;
    --user) export AS="$2" ;;
    --network) export NETWORK="$2" ;;
    esac
    shift
  done
  shift
  [ "$detached" ] || exec $GATEWAY "$@"
  rm -f "$STATE/code" "$STATE/log"
  (
    $GATEWAY "$@" >"$STATE/log" 2>&1 &
    echo $! >"$STATE/pid"
    wait $!
    echo $? >"$STATE/code"
  ) >"$STATE/out" 2>&1 &
  echo the-container
  ;;
port) address ;;
exec)
  shift
  inside "$@"
  ;;
stop) end TERM ;;
inspect)
  case $* in
  *Health*)
    inside sh -c "${HEALTH:-curl -fs -o /dev/null http://127.0.0.1:\$PORT/health}" && echo healthy || echo unhealthy
    ;;
  *) cat "$STATE/code" ;;
  esac
  ;;
image) echo "${SIZE:-0}" ;;
logs) cat "$STATE/log" ;;
rm) end KILL ;;
esac
