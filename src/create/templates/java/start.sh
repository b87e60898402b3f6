#!/bin/sh
# Starts the app and registers it in service discovery once it answers. exec: the app itself gets SIGTERM.
set -eu
. "$(dirname "$0")/discovery.sh"
register_when_ready &
exec java ${JAVA_OPTS:-} -Dserver.port="$PORT" -jar /app/app.jar
