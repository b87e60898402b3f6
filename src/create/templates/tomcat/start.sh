#!/bin/sh
# Starts the app and registers it in service discovery once it answers. exec: the app itself gets SIGTERM.
set -eu
. "$(dirname "$0")/discovery.sh"
register_when_ready &
export CATALINA_OPTS="${CATALINA_OPTS:-} -Dport=$PORT"
exec /usr/local/tomcat/bin/catalina.sh run
