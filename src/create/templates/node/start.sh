#!/bin/sh
# Starts the app and registers it in service discovery once it answers. exec: the app itself gets SIGTERM.
set -eu
. "$(dirname "$0")/discovery.sh"
register_when_ready &
cd /app
exec node "${MAIN:-server.js}"
